/** A name as an SQL identifier, whatever characters it has: in double quotes, with those inside doubled. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
