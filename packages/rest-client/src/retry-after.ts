import { type HttpHeaders, headerOf } from "./message.js";

/** The longest wait that is returned, ms: a year. Callers have shorter limits of their own. */
const MAX_MS = 31_536_000_000;

const SECONDS = /^\d+(\.\d+)?$/;

/** The three forms of RFC 9110, all in GMT, and ISO 8601 with a zone, which some services send. */
const IMF_DATE = /^[a-z]{3}, \d{2} [a-z]{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/i;
const RFC850_DATE = /^[a-z]{6,9}, \d{2}-[a-z]{3}-\d{2} \d{2}:\d{2}:\d{2} GMT$/i;
const ASCTIME_DATE = /^[a-z]{3} [a-z]{3} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/i;
const ISO_DATE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/i;

/**
 * Reads `Retry-After`, in seconds or as a date. Returns ms from now, 0 to a year, rounded up, the longest if
 * there are several; `undefined` if it is absent or malformed, such as a negative number.
 *
 * A date is compared with the answer's own `Date`, so that clock skew does not matter.
 *
 * @param now - used if the answer has no `Date`, epoch ms
 */
export function retryAfterMs(headers: HttpHeaders, now: number): number | undefined {
  const served = instantOf(headerOf({ headers }, "date") ?? "") ?? now;
  const waits = (headers["retry-after"] ?? [])
    .map((value) => waitMs(value.trim(), served))
    .filter((wait) => wait !== undefined);
  return waits.length === 0 ? undefined : Math.max(...waits);
}

function waitMs(value: string, served: number): number | undefined {
  const ms = SECONDS.test(value) ? Number(value) * 1_000 : untilMs(value, served);
  return ms === undefined ? undefined : Math.min(Math.max(0, Math.ceil(ms)), MAX_MS);
}

function untilMs(value: string, served: number): number | undefined {
  const at = instantOf(value);
  return at === undefined ? undefined : at - served;
}

/** `Date.parse` alone finds a date in almost anything: "-5" is a day in May. */
function instantOf(value: string): number | undefined {
  const isKnown = IMF_DATE.test(value) || RFC850_DATE.test(value) || ISO_DATE.test(value);
  const at = isKnown ? Date.parse(value) : ASCTIME_DATE.test(value) ? Date.parse(`${value} GMT`) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}
