import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { type HttpHeaders, headerOf } from "./message.js";

/** A whole body that cannot be read: it would be no different if it were sent again. */
export class UnreadableBody extends Error {
  override readonly name = "UnreadableBody";
}

/** The refusal of a body beyond the limit. */
export function tooLong(maxBytes: number): UnreadableBody {
  return new UnreadableBody(`has more than ${maxBytes} bytes`);
}

type Decoder = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const gunzip: Decoder = promisify(zlib.gunzip);
const inflate: Decoder = promisify(zlib.inflate);
const inflateRaw: Decoder = promisify(zlib.inflateRaw);
const brotli: Decoder = promisify(zlib.brotliDecompress);

/** In Node since 22.15; where it is missing the coding is unknown. */
const zstd: Decoder | undefined =
  typeof zlib.zstdDecompress === "function" ? promisify(zlib.zstdDecompress) : undefined;

const DECODERS: Readonly<Record<string, Decoder | undefined>> = {
  gzip: gunzip,
  "x-gzip": gunzip,
  // RFC 9110 means zlib's format; some servers have always sent the bare one.
  deflate: (body, options) => ((body[0]! & 0x0f) === 8 ? inflate : inflateRaw)(body, options),
  br: brotli,
  zstd,
};

/** More codings on top of each other than anybody means. */
const MAX_CODINGS = 3;

/**
 * The text of a body: decompressed as its `Content-Encoding` says, although nobody asked for that, and decoded as its byte
 * order mark or its charset says, else as UTF-8.
 *
 * @param maxBytes - the limit also counts for what was decompressed
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

/** The last coding was applied last, so it is undone first. */
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

/** A byte order mark says more than a header that a server sends with everything; JSON without either is UTF-8. */
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
