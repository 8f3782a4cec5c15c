import { readable } from "./json.js";

/** Characters that an element in quotes must escape, and those that Postgres cannot store. */
const SPECIAL = /["\\\0\uD800-\uDFFF]/;

/**
 * Serializes columns of rows as arrays of Postgres, one for each name. A character that Postgres cannot store is
 * replaced, as in `toJson`.
 */
export function toArrays(names: readonly string[], rows: readonly object[]): string[] {
  return names.map((name) => {
    let elements = "";
    for (const row of rows) elements += `,${elementOf((row as Record<string, unknown>)[name])}`;
    return `{${elements.slice(1)}}`;
  });
}

function elementOf(value: unknown): string {
  if (value === undefined || value === null) return "NULL";
  if (typeof value !== "string") return String(value);
  return SPECIAL.test(value) ? `"${readable(value).replaceAll(/["\\]/g, "\\$&")}"` : `"${value}"`;
}
