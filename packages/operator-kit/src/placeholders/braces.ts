/** A placeholder: a name in double braces, such as `{{lower.timestamp}}`. */
export const BRACES = /\{\{([^{}]*)\}\}/g;

/** Returns the names between a text's braces. */
export function namesIn(text: string): string[] {
  return Array.from(text.matchAll(BRACES), ([, name = ""]) => name);
}

/** Returns the text with a value in place of each name. */
export function replaceNames(text: string, textOf: (name: string) => string): string {
  return text.replace(BRACES, (_, name: string) => textOf(name));
}

/** Returns whether braces are opened in a text and not closed, as by a slip of the pen. */
export function hasLooseBraces(text: string): boolean {
  return text.replace(BRACES, "").includes("{{");
}
