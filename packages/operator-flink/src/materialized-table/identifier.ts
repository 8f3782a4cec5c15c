/** Path of a table: catalog, database, name. */
export type TablePath = readonly [catalog: string, database: string, table: string];

/** A part in backticks, with inner ones doubled, or without them if it is a plain name. */
const PART = /`((?:[^`]|``)+)`|([\p{L}_][\p{L}\p{N}_]*)/uy;

/**
 * Parses an identifier as Flink SQL writes it: `shop.sales.daily`, parts that are not plain names in
 * backticks.
 *
 * @returns `undefined` if it is not an identifier of three parts
 */
export function parseIdentifier(text: string): TablePath | undefined {
  const parts: string[] = [];
  for (let at = 0; ; at += 1) {
    PART.lastIndex = at;
    const match = PART.exec(text);
    if (match === null) return undefined;
    parts.push(match[1]?.replaceAll("``", "`") ?? match[2]!);
    at = PART.lastIndex;
    if (at === text.length) break;
    if (text[at] !== ".") return undefined;
  }
  const [catalog, database, table, ...more] = parts;
  if (table === undefined || more.length > 0) return undefined;
  return [catalog!, database!, table];
}
