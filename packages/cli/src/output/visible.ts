/** Controls, formatting such as marks of direction, separators of lines, and halves of surrogate pairs. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * Returns a text in one line in which every character can be seen: a terminal is neither steered by it nor shows it
 * in another order. `"\x1b[2J"` becomes `\x1b[2J`.
 */
export function visible(text: string): string {
  return text.replace(HIDDEN, escaped);
}

/** Returns a text as `visible` does, but keeps its lines. */
export function visibleLines(text: string): string {
  return text.split("\n").map(visible).join("\n");
}

/** Escapes what JSON leaves as it is, so that the text means the same and can be seen. */
export function visibleJson(json: string): string {
  return json.replace(HIDDEN, (character) => (character === "\n" ? character : jsonEscape(character)));
}

/** Returns whether a text has characters that cannot be seen. */
export function hasHidden(text: string): boolean {
  return text.search(HIDDEN) !== -1;
}

function escaped(character: string): string {
  const code = character.codePointAt(0)!;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${code.toString(16)}` : `\\u{${code.toString(16)}}`;
}

function jsonEscape(character: string): string {
  return [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`)
    .join("");
}
