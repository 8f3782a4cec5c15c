import { isIntegerType } from "../job/column-type.js";

/**
 * Dates and times of ISO 8601 with `-` or `/` between the parts, a time of day, and an offset.
 *
 * Names of zones are left out: DuckDB 1.5 goes on with the zone of such a value for the values after it.
 */
const INSTANT = String.raw`\d{4}[-/]\d{1,2}[-/]\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}(\.\d{1,9})?)?\s?(Z|[+-]\d{2}(:?\d{2})?)?)?`;

/** DuckDB rounds `1.5` to a whole number; here it is none. */
const WHOLE = String.raw`\s*[+-]?\d+(\.0*)?\s*`;

/** A TIMESTAMPTZ expression for text: null for what is not a date and time. Without an offset it is UTC. */
export function instantOf(text: string): string {
  return `TRY_CAST(CASE WHEN regexp_full_match(${text}, '${INSTANT}') THEN ${text} END AS TIMESTAMPTZ)`;
}

/** The value of a text as a declared type: an SQL expression that is null for text of which there is none. */
export function typedValueOf(text: string, type: string): string {
  if (type === "VARCHAR") return text;
  if (type === "TIMESTAMPTZ") return instantOf(text);
  // DuckDB 1.5 drops the offset when it casts text to TIMESTAMP, so the cast goes by way of the instant.
  if (type === "TIMESTAMP") return `CAST(${instantOf(text)} AS TIMESTAMP)`;
  if (isIntegerType(type)) {
    return `TRY_CAST(CASE WHEN regexp_full_match(${text}, '${WHOLE}') THEN ${text} END AS ${type})`;
  }
  return `TRY_CAST(${text} AS ${type})`;
}
