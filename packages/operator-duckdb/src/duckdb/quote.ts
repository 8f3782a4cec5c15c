/** Quotes any name as an SQL identifier: in double quotes, with inner ones doubled. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
