import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { pipeline, Readable } from "node:stream";
import * as zlib from "node:zlib";
import { JobFailure } from "../duckdb/failure.js";
import { ZstdFrames } from "./zstd-frames.js";

export type Compression = "gzip" | "zstd";

/** Chunks of a file's bytes. */
export type Bytes = AsyncIterable<Buffer>;

const CHUNK_BYTES = 262_144;
const MAGIC: Readonly<Record<Compression, readonly number[]>> = {
  gzip: [0x1f, 0x8b],
  zstd: [0x28, 0xb5, 0x2f, 0xfd],
};
const SUFFIX: Readonly<Record<Compression, RegExp>> = { gzip: /\.gz$/i, zstd: /\.zst$/i };

/** The first bytes of compressed files that are not read; as text, they would be rows. */
const UNREAD: Readonly<Record<string, readonly number[]>> = {
  bzip2: [0x42, 0x5a, 0x68],
  lz4: [0x04, 0x22, 0x4d, 0x18],
  xz: [0xfd, 0x37, 0x7a, 0x58],
  zip: [0x50, 0x4b, 0x03, 0x04],
};

/** The bytes after bzip2's signature and block size, which no text begins with. */
const BZIP2_BLOCK = [0x31, 0x41, 0x59];

/** How many first bytes of a file tell its compression. */
export const COMPRESSION_BYTES = 7;

/**
 * Returns the compression of a file, judged by its first bytes and its name.
 *
 * @param head - its first `COMPRESSION_BYTES`
 * @throws JobFailure JOB_FAILED when the name says that the file is compressed but its bytes are not, and for a
 * compression that is not read
 */
export function compressionOf(name: string, head: Buffer): Compression | undefined {
  const unread = unreadCompression(head);
  if (unread !== undefined) {
    const problem = `${name} is compressed with ${unread}; only gzip and Zstandard are read.`;
    throw new JobFailure("JOB_FAILED", problem, { isRetryable: false });
  }
  for (const compression of ["gzip", "zstd"] as const) {
    const magic = MAGIC[compression];
    if (magic.every((byte, index) => head[index] === byte)) return compression;
    if (!SUFFIX[compression].test(name) || isSkippableFrame(head)) continue;
    if (head.length < magic.length) throw endsTooEarly(name);
    throw damaged(name, `it is not ${compression} data, as its name says`);
  }
  return isSkippableFrame(head) && SUFFIX.zstd.test(name) ? "zstd" : undefined;
}

function unreadCompression(head: Buffer): string | undefined {
  const begins = (bytes: readonly number[], at = 0) =>
    bytes.every((byte, index) => head[at + index] === byte);
  const [found] = Object.entries(UNREAD).find(([, magic]) => begins(magic)) ?? [];
  return found === "bzip2" && !begins(BZIP2_BLOCK, 4) ? undefined : found;
}

/** A `.zst` file may begin with a frame that holds no data. */
function isSkippableFrame(head: Buffer): boolean {
  return head.length >= 4 && (head.readUInt32LE() & 0xfffffff0) >>> 0 === 0x184d2a50;
}

/** Returns the bytes of a file. @param start - the offset of the first one */
export function bytesOf(path: string, start = 0): Bytes {
  return createReadStream(path, { highWaterMark: CHUNK_BYTES, start });
}

/**
 * Returns the decompressed bytes of a file. Once all are read, its checksums, lengths and end have been
 * verified.
 *
 * @param name - of the file, for messages
 * @throws JobFailure JOB_FAILED for a damaged file; retryable when it ends too early, since it may still be
 * being written
 */
export async function* decompressed(path: string, name: string, compression: Compression): Bytes {
  try {
    if (compression === "gzip") yield* gunzipped(path, name);
    else yield* unzstd(bytesOf(path), name);
  } catch (error) {
    if (error instanceof JobFailure) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "Z_BUF_ERROR") throw endsTooEarly(name);
    // Only errors in the data; file system errors keep their own message.
    if (error instanceof RangeError || code?.startsWith("Z")) throw damaged(name, message);
    throw error;
  }
}

async function* gunzipped(path: string, name: string): Bytes {
  const gunzip = zlib.createGunzip({ chunkSize: CHUNK_BYTES });
  yield* through(bytesOf(path), gunzip);
  if (!(await isZeroFrom(path, gunzip.bytesWritten))) throw damaged(name, "other data follows its end");
}

async function* unzstd(bytes: Bytes, name: string): Bytes {
  // Available since Node 22.15.
  if (zlib.createZstdDecompress === undefined) {
    throw new JobFailure("JOB_FAILED", `${name}: .zst files need Node 22.15 or newer.`, {
      isRetryable: false,
    });
  }
  const chunks = bytes[Symbol.asyncIterator]();
  const frames = new ZstdFrames();
  const next = async () => (await chunks.next()).value as Buffer | undefined;
  let rest = await next();

  async function* oneFrame(): Bytes {
    for (;;) {
      if (rest === undefined) throw endsTooEarly(name);
      const chunk = rest;
      const end = frames.advance(chunk);
      rest = end === undefined || end === chunk.length ? await next() : chunk.subarray(end);
      yield chunk.subarray(0, end);
      if (end !== undefined) return;
    }
  }

  while (rest !== undefined)
    yield* through(oneFrame(), zlib.createZstdDecompress({ chunkSize: CHUNK_BYTES }));
}

/** An error on either side ends the iteration. */
function through(bytes: Bytes, transform: NodeJS.ReadWriteStream): Bytes {
  return pipeline(Readable.from(bytes, { objectMode: false }), transform, () => {}) as unknown as Bytes;
}

/** Archives may be padded with zeros. */
async function isZeroFrom(path: string, offset: number): Promise<boolean> {
  if ((await stat(path)).size === offset) return true;
  const handle = await open(path, "r");
  try {
    for await (const chunk of handle.createReadStream({ start: offset, autoClose: false })) {
      if ((chunk as Buffer).some((byte) => byte !== 0)) return false;
    }
    return true;
  } finally {
    await handle.close();
  }
}

function endsTooEarly(name: string): JobFailure {
  return new JobFailure("JOB_FAILED", `${name} ends too early: its compressed data is not whole.`, {
    isRetryable: true,
  });
}

function damaged(name: string, problem: string): JobFailure {
  return new JobFailure("JOB_FAILED", `${name} is damaged: ${problem}.`, { isRetryable: false });
}
