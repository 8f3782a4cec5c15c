/** What a dialect may read as the beginning of an escape, or that no literal should hold. */
const TREACHEROUS = /[\\\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u;

/**
 * A text as a SQL string literal, quotes included, that every dialect reads the same; `undefined` where there is none,
 * because backslashes escape in some dialects and not in others.
 */
export function sqlLiteral(text: string): string | undefined {
  return TREACHEROUS.test(text) ? undefined : `'${text.replaceAll("'", "''")}'`;
}

/** Whether what follows this beginning of a statement stands within quotes. */
export function endsWithinQuotes(sql: string): boolean {
  let open: string | undefined;
  for (const character of sql) {
    if (open !== undefined) open = character === open ? undefined : open;
    else if (character === "'" || character === '"' || character === "`") open = character;
  }
  return open !== undefined;
}
