import type { Bytes } from "./compression.js";
import type { Fields } from "./line-ends.js";

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;

/**
 * Returns whether a value in quotes may hold a line end. `false` is certain; quotes that open no field, delimiters of several
 * bytes and escapes other than the quote are not followed.
 *
 * DuckDB's reader divides a file of more than 8 MB into parts. One that begins inside of such a value may take its lines for
 * rows, and if bad rows are set aside, the reader does not notice.
 */
export async function mayHoldBreaks(
  bytes: Bytes,
  { delimiter, quote, escape: escapeWith }: Fields,
): Promise<boolean> {
  if (quote === "") return false;
  const quoteByte = quote.charCodeAt(0);
  const [separator, ...more] = Buffer.from(delimiter);
  const isSimple = more.length === 0 && escapeWith === quote;
  let place: Place = "start";
  for await (const chunk of bytes) {
    const found: Place = isSimple
      ? placeAfter(chunk, place, quoteByte, separator!)
      : placeOfAny(chunk, quoteByte);
    if (found === "break") return true;
    place = found;
  }
  return false;
}

/** The place of a byte: at the start of a field, in the middle of one, in quotes, or behind what may be a line end in quotes. */
type Place = "start" | "middle" | "quotes" | "break";

function placeAfter(chunk: Buffer, before: Place, quote: number, separator: number): Place {
  let isQuoted = before === "quotes";
  let isStart = before === "start";
  // An iterator would take five times as long.
  for (let index = 0; index < chunk.length; index += 1) {
    const byte = chunk[index]!;
    if (isQuoted) {
      if (byte === LF || byte === CR) return "break";
      // A doubled quote leaves the quotes and re-enters them at once.
      if (byte === quote) {
        isQuoted = false;
        isStart = true;
      }
    } else if (byte === quote) {
      if (!isStart) return "break";
      isQuoted = true;
    } else isStart = byte === separator || byte === LF || byte === CR || (isStart && byte === SPACE);
  }
  if (isQuoted) return "quotes";
  return isStart ? "start" : "middle";
}

function placeOfAny(chunk: Buffer, quote: number): Place {
  return chunk.includes(quote) ? "break" : "start";
}
