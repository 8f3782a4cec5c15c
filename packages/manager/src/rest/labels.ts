import { HttpError } from "../errors/http-error.js";

/**
 * Parses labels of a query: `name=value`, as validated by `labelText`.
 *
 * @throws HttpError REQUEST_INVALID for one name with two values, which no schedule can have
 */
export function labelsOf(given: readonly string[] | undefined): Record<string, string> | undefined {
  if (given === undefined) return undefined;
  const labels = new Map<string, string>();
  for (const text of given) {
    const at = text.indexOf("=");
    const name = text.slice(0, at);
    const value = text.slice(at + 1);
    const before = labels.get(name);
    if (before !== undefined && before !== value) {
      throw new HttpError(
        400,
        "REQUEST_INVALID",
        `label: ${name} is given as ${before} and as ${value}, and a schedule has one value for a name.`,
        { field: "label" },
      );
    }
    labels.set(name, value);
  }
  return Object.fromEntries(labels);
}
