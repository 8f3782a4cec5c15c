/** How many values of one secret are remembered: it may be rotated while requests with the old one are under way. */
const VALUES_PER_SECRET = 8;

/** Below this length a part of a secret is no secret, and taking it out would spoil ordinary words. */
const MIN_PART = 8;

/** Takes secrets out of texts. */
export class Redactor {
  readonly #valuesByName = new Map<string, Set<string>>();
  #needles: readonly string[] = [];

  remember(name: string, value: string): void {
    const values = this.#valuesByName.get(name) ?? new Set();
    if (values.has(value)) return;
    values.add(value);
    const [oldest] = values;
    if (values.size > VALUES_PER_SECRET && oldest !== undefined) values.delete(oldest);
    this.#valuesByName.set(name, values);
    const known = [...this.#valuesByName.values()].flatMap((each) => [...each]);
    // The longest first, so that no part is left of a longer one.
    this.#needles = [...new Set(known.flatMap(writtenForms))].sort((a, b) => b.length - a.length);
  }

  redact(text: string): string {
    return this.#needles.reduce((rest, needle) => rest.replaceAll(needle, "[redacted]"), text);
  }
}

/** The forms in which a secret travels: whole, in parts (`user:password`, two keys), encoded. */
function writtenForms(value: string): string[] {
  const keys = value.split(/\s+/);
  const parts = [value, ...keys, ...keys.map((key) => key.replace(/^whsec_/, "")), ...value.split(":")];
  return parts
    .flatMap((part) => [part, encodeURIComponent(part), Buffer.from(part).toString("base64")])
    .filter(({ length }) => length >= MIN_PART);
}
