import { JobFailure } from "../duckdb/failure.js";
import type { Bytes } from "./compression.js";

/** Text encodings that can be read. */
export const ENCODINGS = ["utf-8", "utf-16le", "utf-16be", "iso-8859-1", "windows-1252"] as const;

export type Encoding = (typeof ENCODINGS)[number];

/** Returns the encoding that a byte order mark at the start of a text indicates. */
export function markedEncoding(head: Buffer): Encoding | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le";
  if (head[0] === 0xfe && head[1] === 0xff) return "utf-16be";
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return "utf-8";
  return undefined;
}

/**
 * Converts a text to UTF-8. A byte order mark overrides the declared encoding. UTF-8 passes through
 * unchecked: the reader rejects lines that are not UTF-8.
 *
 * @throws JobFailure JOB_FAILED for bytes that are not in the encoding
 */
export async function* asUtf8(bytes: Bytes, name: string, declared: Encoding): Bytes {
  const decoderAt = (head: Buffer) => decoderOf(markedEncoding(head) ?? declared, name);
  let decode: Decoder | undefined;
  let head: Buffer = Buffer.alloc(0);
  for await (const chunk of bytes) {
    head = decode === undefined ? Buffer.concat([head, chunk]) : chunk;
    if (decode === undefined && head.length < MARK_BYTES) continue;
    decode ??= decoderAt(head);
    yield decode(head);
    head = Buffer.alloc(0);
  }
  decode ??= decoderAt(head);
  yield decode(head);
  yield decode();
}

/** The longest byte order mark. */
const MARK_BYTES = 3;

type Decoder = (chunk?: Buffer) => Buffer;

/** Returns a decoder: call it with each chunk, then without one for the end. */
function decoderOf(encoding: Encoding, name: string): Decoder {
  if (encoding === "utf-8") return (chunk = Buffer.alloc(0)) => chunk;
  if (encoding === "iso-8859-1") return (chunk = Buffer.alloc(0)) => Buffer.from(chunk.toString("latin1"));
  const decoder = new TextDecoder(encoding, { fatal: true });
  return (chunk) => {
    try {
      return Buffer.from(decoder.decode(chunk, { stream: chunk !== undefined }));
    } catch {
      throw new JobFailure("JOB_FAILED", `${name} is not ${encoding} text.`, { isRetryable: false });
    }
  };
}
