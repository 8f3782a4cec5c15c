import { HttpError } from "../errors/http-error.js";

/**
 * Reads labels from a query: `name=value`.
 *
 * @throws HttpError REQUEST_INVALID for another form, and for one name with two values, which no schedule can have
 */
export function labelsOf(given: readonly string[] | undefined): Record<string, string> | undefined {
  if (given === undefined) return undefined;
  const labels = new Map<string, string>();
  for (const text of given) {
    const [name, value] = pairOf(text);
    const before = labels.get(name);
    if (before !== undefined && before !== value) {
      throw invalid(`${name} is given as ${before} and as ${value}, and a schedule has one value for a name`);
    }
    labels.set(name, value);
  }
  return Object.fromEntries(labels);
}

function pairOf(text: string): [name: string, value: string] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw invalid("must be name=value");
}

function invalid(problem: string): HttpError {
  return new HttpError(400, "REQUEST_INVALID", `label: ${problem}.`, { field: "label" });
}
