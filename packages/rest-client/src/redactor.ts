/** The mark that replaces a secret. */
export const REDACTED = "[redacted]";

/**
 * How many values of one secret are remembered: it may be rotated while requests with the old one are in
 * flight.
 */
const VALUES_PER_SECRET = 8;

/** Shorter parts of a secret are not secret, and redacting them would spoil ordinary words. */
const MIN_PART = 8;

/** Redacts secrets in texts: servers may echo what they were sent. */
export class Redactor {
  readonly #shortest: number;
  readonly #valuesByName = new Map<string, Set<string>>();
  #needles: readonly string[] = [];

  /**
   * @param shortest - minimum length of a whole secret to redact; its parts must have 8 characters. @default
   * 8
   */
  constructor({ shortest = MIN_PART }: { readonly shortest?: number } = {}) {
    this.#shortest = shortest;
  }

  /** Redacts a secret from now on. The latest values of a name are remembered, since it may be rotated. */
  remember(name: string, value: string): void {
    const values = this.#valuesByName.get(name) ?? new Set();
    if (values.has(value)) return;
    values.add(value);
    const [oldest] = values;
    if (values.size > VALUES_PER_SECRET && oldest !== undefined) values.delete(oldest);
    this.#valuesByName.set(name, values);
    const known = [...this.#valuesByName.values()].flatMap((each) => [...each]);
    // Longest first, so that no part of a longer one remains.
    this.#needles = [...new Set(known.flatMap((one) => this.#formsOf(one)))].sort(
      (a, b) => b.length - a.length,
    );
  }

  /** Returns the text with the mark in place of each secret. */
  redact(text: string): string {
    return this.#needles.reduce((rest, needle) => rest.replaceAll(needle, REDACTED), text);
  }

  #formsOf(value: string): string[] {
    return value.length >= this.#shortest && value !== ""
      ? [...quotedForms(value), ...writtenForms(value)]
      : writtenForms(value);
  }
}

/** Returns a text as it is, and as it is quoted in SQL and in JSON. */
function quotedForms(text: string): string[] {
  return [...new Set([text, text.replaceAll("'", "''"), JSON.stringify(text).slice(1, -1)])];
}

/**
 * Makes an outside text fit for a message: on one line, without control characters, and of limited length.
 */
export function oneLine(text: string, maxLength = 1_000): string {
  const line = text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
  return line.length <= maxLength ? line : `${line.slice(0, maxLength)}…`;
}

/**
 * Returns the forms in which a secret travels: whole, in parts (`user:password`, two keys, its lines), quoted
 * and encoded.
 */
function writtenForms(value: string): string[] {
  const keys = value.split(/\s+/);
  const lines = value.split(/\r?\n/);
  const parts = [
    value,
    ...lines,
    ...keys,
    ...keys.map((key) => key.replace(/^whsec_/, "")),
    ...value.split(":"),
  ];
  return parts
    .flatMap((part) => [...quotedForms(part), encodeURIComponent(part), Buffer.from(part).toString("base64")])
    .filter(({ length }) => length >= MIN_PART);
}
