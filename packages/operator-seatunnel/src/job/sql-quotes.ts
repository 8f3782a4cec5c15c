/** Returns whether the text after this beginning of a statement is within quotes. */
export function endsWithinQuotes(sql: string): boolean {
  let open: string | undefined;
  for (const character of sql) {
    if (open !== undefined) open = character === open ? undefined : open;
    else if (character === "'" || character === '"' || character === "`") open = character;
  }
  return open !== undefined;
}
