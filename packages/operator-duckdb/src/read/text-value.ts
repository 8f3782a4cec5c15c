import { decimalOf, isIntegerType } from "../job/column-type.js";

/**
 * DuckDB's casts accept more than a type holds: they round `1.5` to an integer and `1.239` to a price, drop
 * what follows a date, make `1e400` infinite, and accept `1_000`. The result of a cast is therefore checked
 * against its text.
 */

const DAY = String.raw`\d{4}[-/]\d{1,2}[-/]\d{1,2}`;
const MINUTE = String.raw`\d{1,2}:\d{2}`;
/** Zone names are excluded: DuckDB 1.5 keeps applying the zone of such a value to the values after it. */
const OFFSET = String.raw`[+-](?:0\d|1[0-5])(?::?[0-5]\d)?`;

/** Fractional-second digits that a microsecond type keeps. */
const MICROSECONDS = String.raw`\d{1,6}0{0,3}`;
const NANOSECONDS = String.raw`\d{1,9}`;

const WHOLE = String.raw`\s*[+-]?\d+(\.0*)?\s*`;
const DATE = String.raw`\s*${DAY}([T ]00:00(:00(\.0+)?(Z|[+-]00(:?00)?)?)?)?\s*`;
const TIME = String.raw`\s*${MINUTE}(:\d{2}(\.${MICROSECONDS})?)?\s*`;

/** DuckDB takes `NaN`, `Infinity` and a comma before a closing bracket for JSON, outside of strings. */
const JSON_STRING = String.raw`"(?:[^"\\]|\\.)*"`;
const NO_JSON = String.raw`(?i)nan|inf|,\s*[\]}]`;

/**
 * Returns a TIMESTAMPTZ expression for text: null unless it is an ISO 8601 date and time with `-` or `/`
 * between the parts. Without an offset it is UTC. Nanoseconds are truncated to microseconds, which still
 * shows on which side of a millisecond a time lies.
 */
export function instantOf(text: string): string {
  return instant(text, NANOSECONDS);
}

function instant(text: string, fraction: string): string {
  const usual = String.raw`${DAY}([T ]${MINUTE}(:\d{2}(\.${fraction})?(Z|${OFFSET})?)?)?`;
  return `TRY_CAST(CASE WHEN regexp_full_match(${text}, '${usual}') THEN ${text} ELSE ${respelled(text, fraction)} END AS TIMESTAMPTZ)`;
}

/**
 * Normalizes other spellings from exporters, such as `z`, ` UTC`, ` +0000`, and surrounding blanks, to what
 * the cast accepts.
 */
function respelled(text: string, fraction: string): string {
  const pattern = String.raw`(?i)\s*(${DAY})(?:(?:T|\s+)(${MINUTE})(:\d{2}(?:\.${fraction})?)?\s*(Z|UTC|GMT|${OFFSET})?)?\s*`;
  const part = (group: number) => `regexp_extract(${text}, '${pattern}', ${group})`;
  const orElse = (value: string, other: string) => `coalesce(nullif(${value}, ''), '${other}')`;
  const zone = `CASE WHEN ${part(4)} SIMILAR TO '[+-].*' THEN ${part(4)} ELSE '+00' END`;
  return `CASE WHEN regexp_full_match(${text}, '${pattern}') \
THEN ${part(1)} || ' ' || ${orElse(part(2), "00:00")} || ${orElse(part(3), ":00")} || ${zone} END`;
}

/**
 * Casts text to a declared type: an SQL expression that is null for text that the cast refuses. It may accept
 * more than the type holds; see `isCut`.
 */
export function castOf(text: string, type: string): string {
  if (decimalOf(type) === undefined && isIntegerType(type)) return castOfMatching(text, WHOLE, type);
  switch (type) {
    case "VARCHAR":
      return text;
    case "TIMESTAMPTZ":
      return instant(text, MICROSECONDS);
    // DuckDB 1.5 drops the offset when it casts text to TIMESTAMP, so the cast goes through the instant.
    case "TIMESTAMP":
      return `CAST(${instant(text, MICROSECONDS)} AS TIMESTAMP)`;
    case "TIMESTAMP_NS":
      return nanoseconds(text);
    case "DOUBLE":
    case "FLOAT":
      return `TRY_CAST(CASE WHEN NOT contains(${text}, '_') THEN ${text} END AS ${type})`;
    case "BOOLEAN":
    case "UUID":
      return `coalesce(TRY_CAST(${text} AS ${type}), TRY_CAST(trim(${text}) AS ${type}))`;
    default:
      return `TRY_CAST(${text} AS ${type})`;
  }
}

/**
 * Returns an SQL condition for whether the value of `castOf` differs from its text; it may be null for a
 * null, and is `undefined` for types whose casts are exact. A value that prints as its text needs no check;
 * only the others are matched against the text, since matching costs more than the cast.
 */
export function isCut(text: string, value: string, type: string): string | undefined {
  const decimal = decimalOf(type);
  const isRespelled = `CAST(${value} AS VARCHAR) <> ${text}`;
  if (decimal !== undefined) return `(${isRespelled} AND NOT ${isDecimal(text, decimal.scale)})`;
  switch (type) {
    case "DATE":
      return `(NOT isfinite(${value}) OR (${isRespelled} AND NOT regexp_full_match(${text}, '${DATE}')))`;
    case "TIME":
      return `(${isRespelled} AND NOT regexp_full_match(${text}, '${TIME}'))`;
    case "JSON":
      return `(regexp_matches(${text}, '${NO_JSON}') AND regexp_matches(regexp_replace(${text}, '${JSON_STRING}', '""', 'g'), '${NO_JSON}'))`;
    case "DOUBLE":
    case "FLOAT": {
      const isTooLarge = `isinf(${value}) AND regexp_matches(${text}, '\\d')`;
      const isTooSmall = `${value} = 0 AND regexp_matches(${text}, '^[^eE]*[1-9]')`;
      return `(${isTooLarge} OR ${isTooSmall})`;
    }
    default:
      return undefined;
  }
}

/** Returns the exact value of a text, null if the type has no such value. */
export function exactValueOf(text: string, type: string): string {
  const value = castOf(text, type);
  const condition = isCut(text, value, type);
  return condition === undefined ? value : `CASE WHEN NOT coalesce(${condition}, false) THEN ${value} END`;
}

function castOfMatching(text: string, pattern: string, type: string): string {
  return `TRY_CAST(CASE WHEN regexp_full_match(${text}, '${pattern}') THEN ${text} END AS ${type})`;
}

/**
 * Zeros beyond the scale lose nothing; with an exponent, the point is moved before the digits are counted.
 */
function isDecimal(text: string, scale: number): string {
  const fixed = String.raw`\s*[+-]?(\d+\.?\d{0,${scale}}0*|\.\d{0,${scale}}0*)\s*`;
  const scientific = String.raw`\s*[+-]?(\d+\.?\d*|\.\d+)[eE][+-]?\d{1,3}\s*`;
  const fraction = String.raw`length(regexp_extract(${text}, '\.(\d*?)0*[eE]', 1))`;
  const exponent = String.raw`CAST(regexp_extract(${text}, '[eE]([+-]?\d+)', 1) AS INTEGER)`;
  return `CASE WHEN regexp_full_match(${text}, '${fixed}') THEN true \
WHEN regexp_full_match(${text}, '${scientific}') THEN ${fraction} - ${exponent} <= ${scale} ELSE false END`;
}

/** Null outside the years 1677 to 2262, the range of 64-bit nanoseconds. */
function nanoseconds(text: string): string {
  const rest = String.raw`coalesce(TRY_CAST(rpad(regexp_extract(${text}, '\.\d{6}(\d{1,3})', 1), 3, '0') AS BIGINT), 0)`;
  return `TRY(make_timestamp_ns(epoch_us(${instantOf(text)}) * 1000 + ${rest}))`;
}
