import { decimalOf, isIntegerType } from "../job/column-type.js";

/*
 * DuckDB's casts take more than a type holds: they round `1.5` to a whole number and `1.239` to a price, drop what
 * follows a date, make `1e400` infinite, and read `1_000`. What they make of a text is therefore checked against it.
 */

const DAY = String.raw`\d{4}[-/]\d{1,2}[-/]\d{1,2}`;
const MINUTE = String.raw`\d{1,2}:\d{2}`;
/** Names of zones are left out: DuckDB 1.5 goes on with the zone of such a value for the values after it. */
const OFFSET = String.raw`[+-](?:0\d|1[0-5])(?::?[0-5]\d)?`;

/** Digits of a fraction of a second that a type of microseconds keeps. */
const MICROSECONDS = String.raw`\d{1,6}0{0,3}`;
const NANOSECONDS = String.raw`\d{1,9}`;

const WHOLE = String.raw`\s*[+-]?\d+(\.0*)?\s*`;
const DATE = String.raw`\s*${DAY}([T ]00:00(:00(\.0+)?(Z|[+-]00(:?00)?)?)?)?\s*`;
const TIME = String.raw`\s*${MINUTE}(:\d{2}(\.${MICROSECONDS})?)?\s*`;

/**
 * A TIMESTAMPTZ expression for text: null for what is not a date and time of ISO 8601 with `-` or `/` between the parts.
 * Without an offset it is UTC. Of nanoseconds it keeps the microseconds, so it tells on which side of a millisecond a
 * time lies.
 */
export function instantOf(text: string): string {
  return instant(text, NANOSECONDS);
}

function instant(text: string, fraction: string): string {
  const usual = String.raw`${DAY}([T ]${MINUTE}(:\d{2}(\.${fraction})?(Z|${OFFSET})?)?)?`;
  return `TRY_CAST(CASE WHEN regexp_full_match(${text}, '${usual}') THEN ${text} ELSE ${respelled(text, fraction)} END AS TIMESTAMPTZ)`;
}

/** Other spellings of exporters, such as `z`, ` UTC`, ` +0000`, and blanks around: as the cast takes them. */
function respelled(text: string, fraction: string): string {
  const pattern = String.raw`(?i)\s*(${DAY})(?:(?:T|\s+)(${MINUTE})(:\d{2}(?:\.${fraction})?)?\s*(Z|UTC|GMT|${OFFSET})?)?\s*`;
  const part = (group: number) => `regexp_extract(${text}, '${pattern}', ${group})`;
  const orElse = (value: string, other: string) => `coalesce(nullif(${value}, ''), '${other}')`;
  const zone = `CASE WHEN ${part(4)} SIMILAR TO '[+-].*' THEN ${part(4)} ELSE '+00' END`;
  return `CASE WHEN regexp_full_match(${text}, '${pattern}') \
THEN ${part(1)} || ' ' || ${orElse(part(2), "00:00")} || ${orElse(part(3), ":00")} || ${zone} END`;
}

/**
 * A text cast to a declared type: an SQL expression that is null for text that the cast refuses. It may take more than
 * the type holds; see `isCut`.
 */
export function castOf(text: string, type: string): string {
  if (decimalOf(type) === undefined && isIntegerType(type)) return castOfMatching(text, WHOLE, type);
  switch (type) {
    case "VARCHAR":
      return text;
    case "TIMESTAMPTZ":
      return instant(text, MICROSECONDS);
    // DuckDB 1.5 drops the offset when it casts text to TIMESTAMP, so the cast goes by way of the instant.
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
 * Whether the value of `castOf` is not what its text says: a condition in SQL, which may be null for a null, or
 * `undefined` for types whose casts are exact. A value that is written as its text stands for it; only of the others
 * the text is looked at, since matching it costs more than the cast.
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

/** The value that a text says, null where a type has no such value. */
export function exactValueOf(text: string, type: string): string {
  const value = castOf(text, type);
  const condition = isCut(text, value, type);
  return condition === undefined ? value : `CASE WHEN NOT coalesce(${condition}, false) THEN ${value} END`;
}

function castOfMatching(text: string, pattern: string, type: string): string {
  return `TRY_CAST(CASE WHEN regexp_full_match(${text}, '${pattern}') THEN ${text} END AS ${type})`;
}

/** Zeros beyond the scale are no loss; with an exponent, the point is moved before the digits are counted. */
function isDecimal(text: string, scale: number): string {
  const fixed = String.raw`\s*[+-]?(\d+\.?\d{0,${scale}}0*|\.\d{0,${scale}}0*)\s*`;
  const scientific = String.raw`\s*[+-]?(\d+\.?\d*|\.\d+)[eE][+-]?\d{1,3}\s*`;
  const fraction = String.raw`length(regexp_extract(${text}, '\.(\d*?)0*[eE]', 1))`;
  const exponent = String.raw`CAST(regexp_extract(${text}, '[eE]([+-]?\d+)', 1) AS INTEGER)`;
  return `CASE WHEN regexp_full_match(${text}, '${fixed}') THEN true \
WHEN regexp_full_match(${text}, '${scientific}') THEN ${fraction} - ${exponent} <= ${scale} ELSE false END`;
}

/** Null beyond the years 1677 to 2262, which 64 bits of nanoseconds do not reach. */
function nanoseconds(text: string): string {
  const rest = String.raw`coalesce(TRY_CAST(rpad(regexp_extract(${text}, '\.\d{6}(\d{1,3})', 1), 3, '0') AS BIGINT), 0)`;
  return `TRY(make_timestamp_ns(epoch_us(${instantOf(text)}) * 1000 + ${rest}))`;
}
