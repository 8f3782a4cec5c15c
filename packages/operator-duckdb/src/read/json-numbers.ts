import { ROW } from "./relation.js";

/**
 * DuckDB reads a JSON number with a point or an exponent as a double, which keeps 15 digits, and fewer of a tiny
 * one. Longer and tiny numbers are therefore read as strings that begin with a mark, and become numbers again when extracted.
 */

/** A character that no text uses (a Unicode noncharacter). */
const MARK = "chr(64976)";

/** Returns whether a text has the mark all the same, or its escape. Its long numbers cannot be told from its strings. */
function hasMark(raw: string): string {
  return String.raw`regexp_matches(${raw}, '(?i)\\ufdd0|\x{fdd0}')`;
}

const LONG = "[0-9][0-9.]{15}";
/** The exponent of a number that a double may not distinguish from zero. */
const TINY = "[eE]-[0-9]{3}";
/** Where either may be; it may also be part of a string. */
const EITHER = `${LONG}|[0-9]${TINY}`;
/** Such a number where a value may begin; it may also be part of a string. */
const LONG_VALUE = String.raw`([:\[,]\s*)(-?(?:${LONG}|[0-9][0-9.]*${TINY})[0-9.eE+-]*)`;
/** A number, or the end, after non-numeric text; strings are skipped as a whole. */
const ANY_NUMBER = String.raw`((?:[^"0-9-]|-[^"0-9]|"(?:[^"\\]|\\.)*")*)(-?[0-9][0-9.eE+-]*|$)`;

/** Returns a text as JSON with its long numbers as marked strings; null if it is not JSON, or has both the mark and a long number. */
export function exactJson(raw: string): string {
  const mark = (pattern: string) => `regexp_replace(${raw}, '${pattern}', '\\1"' || ${MARK} || '\\2"', 'g')`;
  // Quotes inside a string end it, and what follows is not JSON.
  const marked = `coalesce(TRY_CAST(${mark(LONG_VALUE)} AS JSON), TRY_CAST(replace(${mark(ANY_NUMBER)}, '"' || ${MARK} || '"', '') AS JSON))`;
  return `CASE WHEN regexp_matches(${raw}, '${EITHER}') \
THEN CASE WHEN json_valid(${raw}) AND NOT ${hasMark(raw)} THEN ${marked} END ELSE TRY_CAST(${raw} AS JSON) END`;
}

/** Returns a field of `exactJson` as text. */
export function exactText(field: string): string {
  const text = `CAST(${field} AS VARCHAR)`;
  return `CASE WHEN contains(${text}, ${MARK}) AND NOT ${hasMark(`${ROW}.raw`)} \
THEN replace(regexp_replace(${text}, '"' || ${MARK} || '([^"]*)"', '\\1', 'g'), ${MARK}, '') ELSE ${text} END`;
}
