import { createWriteStream } from "node:fs";
import { type FileHandle, open, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { JobFailure } from "../duckdb/failure.js";
import { isInside } from "../job/allowed-paths.js";
import { type Bytes, bytesOf, COMPRESSION_BYTES, compressionOf, decompressed } from "./compression.js";
import { asUtf8, type Encoding, markedEncoding } from "./encoding.js";
import { type Comments, type Fields, LineEnds } from "./line-ends.js";
import { mayHoldBreaks } from "./quoted-breaks.js";

/** A file of a source as DuckDB reads it. */
export interface SourceFile {
  /** The path as the source names it. */
  readonly name: string;
  /** The path that is read: the file itself, or this attempt's copy of it. */
  readonly path: string;
  /** How many of the file's lines come before the first one at `path`; `undefined` if others are missing too. */
  readonly linesBefore: number | undefined;
}

/** The files and limits that a preparation may use. */
export interface PreparationLimits {
  /** Directory for copies; removed with the attempt. */
  readonly directory: string;
  /** The only directories whose files it may read, real paths. */
  readonly allowedDirectories: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

const CR = Buffer.from("\r");

const BLANK_AFTER_CR = Buffer.from("\r ");

/** DuckDB's reader never divides a file of this size or a smaller one, bytes. */
const UNDIVIDED_BYTES = 1_000_000;

/** The byte order mark of UTF-8. */
const MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** The part of a CSV dialect that tells a comment line from a value. */
interface CommentDialect extends Fields, Comments {}

/**
 * Prepares a source's files so that DuckDB reads them correctly. Most already are and stay untouched. The
 * others are copied: decompressed, so that the whole file is verified before any row of it is used; as UTF-8;
 * without what precedes the first row; with uniform line ends.
 */
export class Preparation {
  readonly #limits: PreparationLimits;
  /** The original of each copy. */
  readonly #originals = new Map<string, string>();

  constructor(limits: PreparationLimits) {
    this.#limits = limits;
  }

  /**
   * Returns a file as UTF-8 text.
   *
   * @throws JobFailure JOB_FAILED for a file that may not be read, is damaged, or is not in its encoding
   */
  async text(name: string, encoding: Encoding = "utf-8"): Promise<SourceFile> {
    const path = await this.#allowed(name);
    const head = await firstBytes(path, COMPRESSION_BYTES);
    const compression = compressionOf(name, head);
    if (compression === undefined && (markedEncoding(head) ?? encoding) === "utf-8") {
      return { name, path: name, linesBefore: 0 };
    }
    const bytes = compression === undefined ? bytesOf(path) : decompressed(path, name, compression);
    return { name, path: await this.#copy(name, asUtf8(bytes, name, encoding)), linesBefore: 0 };
  }

  /**
   * Reads a compressed file to its end.
   *
   * @throws JobFailure JOB_FAILED for a file that may not be read or is damaged
   */
  async verify(name: string): Promise<void> {
    const path = await this.#allowed(name);
    const compression = compressionOf(name, await firstBytes(path, COMPRESSION_BYTES));
    if (compression === undefined) return;
    for await (const _ of decompressed(path, name, compression)) this.#limits.signal.throwIfAborted();
  }

  /** Returns a file without its first bytes. @param lines - how many lines these are */
  async from(file: SourceFile, offset: number, lines: number): Promise<SourceFile> {
    const path = await this.#copy(file.name, bytesOf(file.path, offset));
    return {
      name: file.name,
      path,
      linesBefore: file.linesBefore === undefined ? undefined : file.linesBefore + lines,
    };
  }

  /** Returns a file without its comment lines; the file itself if it has none. */
  async withoutComments(file: SourceFile, dialect: CommentDialect): Promise<SourceFile> {
    if (dialect.comment === "" || !(await holds(file.path, Buffer.from(dialect.comment)))) return file;
    const lines = new LineEnds(dialect, dialect);
    const path = await this.#rewritten(file, lines);
    return lines.hasComments ? { name: file.name, path, linesBefore: undefined } : file;
  }

  /** Returns whether a file has to be read from its beginning to its end, and not in parts: see `mayHoldBreaks`. */
  async isIndivisible({ path }: SourceFile, fields: Fields): Promise<boolean> {
    if ((await stat(path)).size <= UNDIVIDED_BYTES) return false;
    const { signal } = this.#limits;
    async function* checked(): Bytes {
      for await (const chunk of bytesOf(path)) {
        signal.throwIfAborted();
        yield chunk;
      }
    }
    return mayHoldBreaks(checked(), fields);
  }

  /** Returns whether a blank follows a carriage return. Where lines end in `\r\n`, DuckDB's reader drops it. */
  holdsBlankAfterCr({ path }: SourceFile): Promise<boolean> {
    return holds(path, BLANK_AFTER_CR);
  }

  /**
   * Returns a file whose lines end in a line feed, or `undefined` if they do already.
   *
   * @param isForced - whether line ends that are uniform are rewritten as well
   */
  async withLikeLines(file: SourceFile, fields: Fields, isForced: boolean): Promise<SourceFile | undefined> {
    if (!(await holds(file.path, CR))) return undefined;
    const lines = new LineEnds(fields);
    const path = await this.#rewritten(file, lines);
    return lines.areMixed || isForced ? { ...file, path } : undefined;
  }

  /** Returns a message with the original file names in place of their copies. */
  named(message: string): string {
    let named = message;
    for (const [path, name] of this.#originals) named = named.replaceAll(path, name);
    return named;
  }

  /** Returns the path of a copy of a file's lines, without its byte order mark, behind which the first field would not begin. */
  async #rewritten({ name, path }: SourceFile, lines: LineEnds): Promise<string> {
    const hasMark = (await firstBytes(path, MARK.length)).equals(MARK);
    async function* rewritten(): Bytes {
      for await (const chunk of bytesOf(path, hasMark ? MARK.length : 0)) yield lines.push(chunk);
    }
    return this.#copy(name, rewritten());
  }

  async #copy(name: string, bytes: Bytes): Promise<string> {
    const path = join(this.#limits.directory, `source-${this.#originals.size + 1}.tmp`);
    this.#originals.set(path, name);
    await pipeline(bytes, createWriteStream(path), { signal: this.#limits.signal });
    return path;
  }

  async #allowed(name: string): Promise<string> {
    const { allowedDirectories } = this.#limits;
    const path = await realpath(name);
    if (allowedDirectories === undefined || isInside(path, allowedDirectories)) return path;
    throw new JobFailure("JOB_FAILED", `${name} leads outside the directories that the operator allows.`, {
      isRetryable: false,
    });
  }
}

/** Returns the first bytes of a file, fewer when it is shorter. */
export async function firstBytes(path: string, count: number): Promise<Buffer> {
  return withFile(path, async (handle) => {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  });
}

/** Returns the last bytes of a file. */
export async function lastBytes(path: string, count: number): Promise<Buffer> {
  return withFile(path, async (handle) => {
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(count), 0, count, Math.max(0, size - count));
    return buffer.subarray(0, bytesRead);
  });
}

async function withFile<T>(path: string, work: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(path, "r");
  try {
    return await work(handle);
  } finally {
    await handle.close();
  }
}

async function holds(path: string, bytes: Buffer): Promise<boolean> {
  const more = bytes.length - 1;
  let tail: Buffer = Buffer.alloc(0);
  for await (const chunk of bytesOf(path)) {
    if (chunk.includes(bytes) || Buffer.concat([tail, chunk.subarray(0, more)]).includes(bytes)) return true;
    tail = chunk.subarray(Math.max(0, chunk.length - more));
  }
  return false;
}
