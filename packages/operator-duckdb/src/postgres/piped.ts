import { execFile } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { Socket } from "node:net";
import { join } from "node:path";
import { addAbortSignal } from "node:stream";
import { promisify } from "node:util";
import { unlessAborted } from "@tidegate/core/clock";
import { remove } from "../target/durable.js";

/**
 * Length from which a text is piped rather than kept in a file first, bytes: a pipe takes a process to make. It has to be
 * more than a pipe holds, which is 65,536 bytes or less: once a pipe has taken so much, its reader has opened it.
 */
const PIPED_FROM_BYTES = 1_048_576;

const run = promisify(execFile);

/**
 * Has a text read as a file while it arrives. The file can be read once, and only from its beginning: if the text is
 * long, it is a named pipe, so that as little of it exists at a time as the reader has not taken yet. On a system
 * without named pipes, it is a file with all of the text.
 *
 * @param text - each part of it has to stay as it is only until the next is asked for
 * @param directory - where the file is until it was read
 * @param use - reads the file to its end. What it has made of the text counts only once this has resolved: a text
 *   that fails ends early for its reader
 * @throws the error of the text; otherwise that of the reader; that of the pipe if it cannot be opened, before it is read
 */
export async function asFile<T>(
  text: AsyncGenerator<Buffer>,
  directory: string,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const path = join(directory, "rows.txt");
  const { first, isWhole } = await beginningOf(text);
  try {
    if (!isWhole && (await isPipeMade(path))) return await throughPipe(path, first, text, use);
    await writeFile(path, continued(first, text));
    return await use(path);
  } finally {
    // Not awaited: the text may be silent.
    text.return(undefined).catch(() => {});
    await remove(path);
  }
}

/** Reads a text until it is long enough to be piped. */
async function beginningOf(
  text: AsyncGenerator<Buffer>,
): Promise<{ readonly first: readonly Buffer[]; readonly isWhole: boolean }> {
  const first: Buffer[] = [];
  for (let bytes = 0; bytes < PIPED_FROM_BYTES; ) {
    const next = await text.next();
    if (next.done === true) return { first, isWhole: true };
    first.push(Buffer.from(next.value));
    bytes += next.value.length;
  }
  return { first, isWhole: false };
}

async function* continued(first: readonly Buffer[], rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield* first;
  yield* rest;
}

/** Makes a named pipe; `false` if the system, or that of the path's files, has none. */
async function isPipeMade(path: string): Promise<boolean> {
  if (process.platform === "win32") return false;
  try {
    await run("mkfifo", ["-m", "600", path]);
    return true;
  } catch {
    return false;
  }
}

async function throughPipe<T>(
  path: string,
  first: readonly Buffer[],
  rest: AsyncGenerator<Buffer>,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const ends = openPipe(path);
  const reader = new AbortController();
  const used = use(path).finally(() => reader.abort());
  const [fed, result] = await Promise.allSettled([feed(ends, first, rest, reader.signal), used]);
  if (fed.status === "rejected") throw fed.reason;
  if (result.status === "rejected") throw result.reason;
  if (!fed.value) throw new Error(`${path} was not read to its end.`);
  return result.value;
}

/** Descriptors of a pipe. */
interface PipeEnds {
  /** An end for reading that nobody reads. */
  readonly guard: number;
  readonly writer: number;
}

/**
 * Opens a pipe for writing before anybody has opened it for reading, so that its reader does not wait for a writer which
 * cannot be opened. The guard makes that possible; while it is open, a reader that closes its end goes unnoticed.
 */
export function openPipe(path: string): PipeEnds {
  const guard = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return { guard, writer: openSync(path, constants.O_WRONLY | constants.O_NONBLOCK) };
  } catch (error) {
    closeSync(guard);
    throw error;
  }
}

/**
 * Writes a text into a pipe without taking a thread of libuv's pool, where the readers of all pipes may have taken the
 * last one.
 *
 * @param first - more than the pipe holds. The rest may fail and close the pipe, where a reader that is still to open it
 *   would wait for ever, so that it begins when all of this was taken
 * @param reader - aborted when nobody reads any more
 * @returns whether all of the text was taken
 */
async function feed(
  { guard, writer }: PipeEnds,
  first: readonly Buffer[],
  rest: AsyncGenerator<Buffer>,
  reader: AbortSignal,
): Promise<boolean> {
  const socket = addAbortSignal(reader, new Socket({ fd: writer, readable: false, writable: true }));
  // The write that fails rejects.
  socket.on("error", () => {});
  try {
    await written(socket, Buffer.concat(first)).finally(() => closeSync(guard));
    // Not read as an iterable: the text may be silent when its reader has ended.
    for (;;) {
      const { done, value } = await unlessAborted(rest.next(), reader);
      if (done === true) break;
      await written(socket, value);
    }
    await promisify(socket.end.bind(socket) as (done: (error?: Error | null) => void) => void)();
    return true;
  } catch (error) {
    if (reader.aborted || (error as NodeJS.ErrnoException).code === "EPIPE") return false;
    throw error;
  } finally {
    socket.destroy();
  }
}

function written(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}
