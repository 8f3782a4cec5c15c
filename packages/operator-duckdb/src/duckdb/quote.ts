/** Quotes any name as an SQL identifier: in double quotes, with inner ones doubled. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes the path of one file, for functions that would take its special characters for a pattern. */
export function fileLiteral(path: string): string {
  return `'${path.replaceAll("'", "''").replace(/[*?[]/g, "[$&]")}'`;
}
