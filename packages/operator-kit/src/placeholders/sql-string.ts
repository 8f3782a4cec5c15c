/** Characters that a dialect may read as the start of an escape, or that no literal should contain. */
const TREACHEROUS = /[\\\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u;

/**
 * Returns a text as a SQL string literal, quotes included, that every dialect reads the same; `undefined` if
 * there is none, because backslashes escape in some dialects and not in others.
 */
export function sqlString(text: string): string | undefined {
  return TREACHEROUS.test(text) ? undefined : `'${text.replaceAll("'", "''")}'`;
}
