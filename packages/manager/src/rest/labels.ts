import { HttpError } from "../errors/http-error.js";

/** Labels as a query gives them: `name=value`. @throws HttpError REQUEST_INVALID */
export function labelsOf(given: readonly string[] | undefined): Record<string, string> | undefined {
  if (given === undefined) return undefined;
  return Object.fromEntries(given.map(pairOf));
}

function pairOf(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new HttpError(400, "REQUEST_INVALID", "label: must be name=value.", { field: "label" });
}
