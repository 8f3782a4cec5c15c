import { BRACES, namesIn, replaceNames } from "@tidegate/operator-kit";

/** The names allowed between the braces of a template. */
export const PLACEHOLDERS = ["jobId", "runId", "idempotencyKey", "groupId"] as const;

/** A name between braces. */
export type Placeholder = (typeof PLACEHOLDERS)[number];

/** Returns what is wrong with an address or a template of one, or `undefined`. */
export function templateProblem(template: string, allowed: readonly Placeholder[]): string | undefined {
  const names = namesIn(template);
  const stranger = names.find((name) => !(allowed as readonly string[]).includes(name));
  if (stranger !== undefined) return `does not know {{${stranger}}}, ${knownOf(allowed)}`;
  if (/[{}]/.test(template.replace(BRACES, "")))
    return "has a brace too many; a placeholder has two on each side, as in {{jobId}}";
  const [url, other] = [sample(template, "a"), sample(template, "b")];
  if (url === undefined || other === undefined) return "must be an absolute URL";
  if (url.origin !== other.origin) return "may have braces in its path and query only";
  if (url.username !== "" || url.password !== "")
    return "must not hold a user name or password; use job.auth";
  return undefined;
}

/** Returns whether the template contains this placeholder. */
export function hasPlaceholder(template: string, name: Placeholder): boolean {
  return namesIn(template).includes(name);
}

/** Returns the address of a template with arbitrary values, for checking its host and query. */
export function sampleUrl(template: string): URL {
  return new URL(template.replace(BRACES, "a"));
}

/**
 * Fills a valid template with values. They are encoded, so that none adds a path segment or a query
 * parameter.
 *
 * @throws RangeError for a value of dots alone, which URLs read as "one level up"
 */
export function fillTemplate(template: string, values: Readonly<Record<Placeholder, string>>): URL {
  return new URL(
    replaceNames(template, (name) => {
      const value = values[name as Placeholder];
      if (/^\.*$/.test(value))
        throw new RangeError(`{{${name}}} is "${value}", which an address cannot hold`);
      return encodeURIComponent(value);
    }),
  );
}

function sample(template: string, value: string): URL | undefined {
  const text = template.replace(BRACES, value);
  return URL.canParse(text) ? new URL(text) : undefined;
}

function knownOf(allowed: readonly Placeholder[]): string {
  if (allowed.length === 0) return "nor anything else in braces";
  return `only ${allowed.map((name) => `{{${name}}}`).join(", ")}`;
}
