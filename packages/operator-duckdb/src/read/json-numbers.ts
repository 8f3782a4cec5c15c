import { ROW } from "./relation.js";

/**
 * DuckDB reads a JSON number with a point or an exponent as a double, which keeps 15 digits. Longer numbers
 * are therefore read as strings that begin with a mark, and become numbers again when extracted.
 */

/** A character that no text uses (a Unicode noncharacter). */
const MARK = "chr(64976)";
const LONG = "[0-9][0-9.]{15}";
/** A long number where a value may begin; it may also be part of a string. */
const LONG_VALUE = String.raw`([:\[,]\s*)(-?${LONG}[0-9.eE+-]*)`;
/** A number, or the end, after non-numeric text; strings are skipped as a whole. */
const ANY_NUMBER = String.raw`((?:[^"0-9-]|-[^"0-9]|"(?:[^"\\]|\\.)*")*)(-?[0-9][0-9.eE+-]*|$)`;

/** Returns a text as JSON with its long numbers as marked strings; null if it is not JSON. */
export function exactJson(raw: string): string {
  const mark = (pattern: string) => `regexp_replace(${raw}, '${pattern}', '\\1"' || ${MARK} || '\\2"', 'g')`;
  // Quotes inside a string end it, and what follows is not JSON.
  const marked = `coalesce(TRY_CAST(${mark(LONG_VALUE)} AS JSON), TRY_CAST(replace(${mark(ANY_NUMBER)}, '"' || ${MARK} || '"', '') AS JSON))`;
  return `CASE WHEN regexp_matches(${raw}, '${LONG}') AND NOT contains(${raw}, ${MARK}) \
THEN CASE WHEN json_valid(${raw}) THEN ${marked} END ELSE TRY_CAST(${raw} AS JSON) END`;
}

/** Returns a field of `exactJson` as text. */
export function exactText(field: string): string {
  const text = `CAST(${field} AS VARCHAR)`;
  return `CASE WHEN contains(${text}, ${MARK}) AND NOT contains(${ROW}.raw, ${MARK}) \
THEN replace(regexp_replace(${text}, '"' || ${MARK} || '([^"]*)"', '\\1', 'g'), ${MARK}, '') ELSE ${text} END`;
}
