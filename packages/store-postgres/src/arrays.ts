import { readable } from "./json.js";

/** Characters that an array's element must escape. */
const SPECIAL = /["\\]/g;

/**
 * Serializes columns of rows as arrays of Postgres, one for each name. A character that Postgres cannot store is
 * replaced, as in `toJson`.
 */
export function toArrays(names: readonly string[], rows: readonly object[]): string[] {
  return names.map((name) => {
    const values = rows.map((row) => elementOf((row as Record<string, unknown>)[name]));
    return `{${values.join(",")}}`;
  });
}

function elementOf(value: unknown): string {
  if (value === undefined || value === null) return "NULL";
  if (typeof value !== "string") return String(value);
  return `"${readable(value).replaceAll(SPECIAL, "\\$&")}"`;
}
