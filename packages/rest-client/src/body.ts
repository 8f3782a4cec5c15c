import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { type HttpHeaders, headerOf } from "./message.js";

/** A complete body that cannot be read; sending it again would not help. */
export class UnreadableBody extends Error {
  override readonly name = "UnreadableBody";
}

/** Returns the error for a body beyond the limit. */
export function tooLong(maxBytes: number): UnreadableBody {
  return new UnreadableBody(`has more than ${maxBytes} bytes`);
}

type Decoder = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const gunzip: Decoder = promisify(zlib.gunzip);
const inflate: Decoder = promisify(zlib.inflate);
const inflateRaw: Decoder = promisify(zlib.inflateRaw);
const brotli: Decoder = promisify(zlib.brotliDecompress);

/** In Node since 22.15; without it the coding is unknown. */
const zstd: Decoder | undefined =
  typeof zlib.zstdDecompress === "function" ? promisify(zlib.zstdDecompress) : undefined;

const DECODERS: Readonly<Record<string, Decoder | undefined>> = {
  gzip: gunzip,
  "x-gzip": gunzip,
  // RFC 9110 means the zlib format; some servers have always sent raw deflate.
  deflate: (body, options) => ((body[0]! & 0x0f) === 8 ? inflate : inflateRaw)(body, options),
  br: brotli,
  zstd,
};

/** Maximum number of stacked codings; nobody sends more on purpose. */
const MAX_CODINGS = 3;

/**
 * Returns the text of a body: decompressed according to its `Content-Encoding`, even though none was
 * requested, and decoded according to its byte order mark or charset, else as UTF-8.
 *
 * @param maxBytes - also limits the decompressed size
 * @throws UnreadableBody
 */
export async function bodyText(body: Buffer, headers: HttpHeaders, maxBytes: number): Promise<string> {
  if (body.length === 0) return "";
  const plain = await decompressed(body, codingsOf(headers), maxBytes);
  return new TextDecoder(encodingOf(plain, headers)).decode(plain);
}

function codingsOf(headers: HttpHeaders): string[] {
  const codings = (headers["content-encoding"] ?? []).join().toLowerCase().split(",");
  return codings.map((coding) => coding.trim()).filter((coding) => coding !== "" && coding !== "identity");
}

/** The last coding was applied last, so it is removed first. */
async function decompressed(body: Buffer, codings: readonly string[], maxBytes: number): Promise<Buffer> {
  if (codings.length > MAX_CODINGS) throw new UnreadableBody("is compressed too many times");
  let rest = body;
  for (const coding of codings.toReversed()) {
    const decoder = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : undefined;
    if (decoder === undefined) throw new UnreadableBody("has an unknown Content-Encoding");
    rest = await decoder(rest, { maxOutputLength: maxBytes }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ERR_BUFFER_TOO_LARGE") throw tooLong(maxBytes);
      throw new UnreadableBody(`is not ${coding}, as its Content-Encoding says`);
    });
  }
  return rest;
}

/**
 * A byte order mark is more reliable than a header that a server sends with everything; JSON without either
 * is UTF-8.
 */
function encodingOf(body: Buffer, headers: HttpHeaders): string {
  if (body[0] === 0xfe && body[1] === 0xff) return "utf-16be";
  if (body[0] === 0xff && body[1] === 0xfe) return "utf-16le";
  const [, charset] =
    /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(headerOf({ headers }, "content-type") ?? "") ?? [];
  return charset !== undefined && isEncoding(charset) ? charset : "utf-8";
}

function isEncoding(label: string): boolean {
  try {
    new TextDecoder(label);
    return true;
  } catch {
    return false;
  }
}
