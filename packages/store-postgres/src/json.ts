/**
 * Serializes a value so that Postgres can read it as `json`: it accepts neither NUL nor half a surrogate
 * pair, and neither is worth a failure.
 */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value);
  return /\\u0000|\\ud[89a-f]/.test(text)
    ? JSON.stringify(value, (_, part) => (typeof part === "string" ? readable(part) : part))
    : text;
}

/** Replaces the characters that Postgres cannot store. */
export function readable(text: string): string {
  return text.replaceAll(/[\uD800-\uDFFF]|\0/gu, "\uFFFD");
}
