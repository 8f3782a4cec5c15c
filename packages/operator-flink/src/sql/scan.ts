/** A section of Flink SQL. A hint is code, not a comment. */
export interface Piece {
  readonly kind: "code" | "string" | "quoted" | "comment";
  readonly text: string;
}

/**
 * In the order of Flink's own lexer: strings, quoted names, comments; an unterminated one runs to the end of
 * the text.
 */
const PIECES =
  /(?<string>'(?:[^']|'')*(?:'|$))|(?<quoted>`(?:[^`]|``)*(?:`|$)|"(?:[^"]|"")*(?:"|$))|(?<comment>--[^\n]*|\/\*(?!\+)[\s\S]*?(?:\*\/|$))/g;

/** Splits Flink SQL into pieces; together they are the text. */
export function scan(sql: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of sql.matchAll(PIECES)) {
    if (match.index > end) pieces.push({ kind: "code", text: sql.slice(end, match.index) });
    const { string, quoted } = match.groups ?? {};
    const kind = string !== undefined ? "string" : quoted !== undefined ? "quoted" : "comment";
    pieces.push({ kind, text: match[0] });
    end = match.index + match[0].length;
  }
  if (end < sql.length) pieces.push({ kind: "code", text: sql.slice(end) });
  return pieces;
}

/** Returns the code of a statement, without comments and with empty strings, to tell what it begins with. */
export function codeOf(sql: string): string {
  return scan(sql)
    .map(({ kind, text }) =>
      kind === "code" ? text : kind === "string" ? "''" : kind === "quoted" ? "``" : " ",
    )
    .join("")
    .trim();
}
