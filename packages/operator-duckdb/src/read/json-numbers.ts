import { ROW } from "./relation.js";

/*
 * DuckDB reads a number of JSON with a point or an exponent as a double, which keeps 15 digits. Longer numbers are read as
 * strings that begin with a mark, and become numbers again in what is taken from them.
 */

/** A character that no text uses (Unicode, noncharacters). */
const MARK = "chr(64976)";
const LONG = "[0-9][0-9.]{15}";
/** A long number where a value may begin; it may also be a part of a string. */
const LONG_VALUE = String.raw`([:\[,]\s*)(-?${LONG}[0-9.eE+-]*)`;
/** A number, or the end, behind what is no number: strings are passed over as a whole. */
const ANY_NUMBER = String.raw`((?:[^"0-9-]|-[^"0-9]|"(?:[^"\\]|\\.)*")*)(-?[0-9][0-9.eE+-]*|$)`;

/** A text as JSON whose long numbers are marked strings; null for what is not JSON. */
export function exactJson(raw: string): string {
  const mark = (pattern: string) => `regexp_replace(${raw}, '${pattern}', '\\1"' || ${MARK} || '\\2"', 'g')`;
  // Quotes inside a string end it, and what follows is no JSON.
  const marked = `coalesce(TRY_CAST(${mark(LONG_VALUE)} AS JSON), TRY_CAST(replace(${mark(ANY_NUMBER)}, '"' || ${MARK} || '"', '') AS JSON))`;
  return `CASE WHEN regexp_matches(${raw}, '${LONG}') AND NOT contains(${raw}, ${MARK}) \
THEN CASE WHEN json_valid(${raw}) THEN ${marked} END ELSE TRY_CAST(${raw} AS JSON) END`;
}

/** A field of `exactJson` as text. */
export function exactText(field: string): string {
  const text = `CAST(${field} AS VARCHAR)`;
  return `CASE WHEN contains(${text}, ${MARK}) AND NOT contains(${ROW}.raw, ${MARK}) \
THEN replace(regexp_replace(${text}, '"' || ${MARK} || '([^"]*)"', '\\1', 'g'), ${MARK}, '') ELSE ${text} END`;
}
