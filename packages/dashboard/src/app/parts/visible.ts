/** Control characters, and marks that turn the direction of a text around. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const HIDDEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Returns a text with characters that have no picture as their codes, so that it shows all that it has. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (hidden) =>
    hidden === "\t" ? hidden : `\\u${hidden.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
