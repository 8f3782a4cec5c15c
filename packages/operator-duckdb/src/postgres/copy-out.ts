import type { Socket } from "node:net";
import { Readable } from "node:stream";
import type { Connection, Submittable } from "pg";

/** Chunks of a copy that wait to be read, of 64 KiB as the system returns them. */
const HIGH_WATER_CHUNKS = 16;

/** Types of messages, by their first byte: rows, the end of all rows, and what the client has to see. */
const COPY_DATA = 0x64;
const COPY_DONE = 0x63;
const ERROR = 0x45;

/** The type of a message and its length, which counts itself. */
const HEADER_BYTES = 5;

const NOTHING = Buffer.alloc(0);

/**
 * The text of a `COPY … TO STDOUT`, as a query that a client of `pg` runs. Postgres sends each row in a message of its own:
 * the rows of all that has arrived are moved together in place, so that a row costs neither an object nor a call. A slow
 * reader slows the server down.
 */
export class CopyOut extends Readable implements Submittable {
  readonly #sql: string;
  readonly #forward = () => this.#read();
  #connection: Connection | undefined;
  #parser: ((bytes: Buffer) => void) | undefined;
  /** The beginning of a message whose end has not arrived. */
  #rest: Buffer = NOTHING;
  #isWanted = false;

  constructor(sql: string) {
    // Chunk by chunk: bytes would be copied together for whoever reads them.
    super({ objectMode: true, highWaterMark: HIGH_WATER_CHUNKS });
    this.#sql = sql;
  }

  /** Called by the client when it is this query's turn. The answer is read here until it ends. */
  submit(connection: Connection): void {
    const socket = socketOf(connection);
    [this.#parser] = socket.listeners("data") as [(bytes: Buffer) => void];
    socket.removeListener("data", this.#parser);
    socket.pause();
    this.#connection = connection;
    socket.on("readable", this.#forward);
    connection.query(this.#sql);
  }

  /** Called by the client for an error of the server, or of the connection. */
  handleError(error: Error): void {
    this.destroy(error);
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {}

  override _read(): void {
    this.#isWanted = true;
    this.#read();
  }

  #read(): void {
    while (this.#isWanted && this.#connection !== undefined) {
      const bytes: Buffer | null = socketOf(this.#connection).read();
      if (bytes === null) return;
      this.#take(this.#joined(bytes));
    }
  }

  /** Returns the bytes behind a row whose beginning was there and whose end is in them; all of them with it otherwise. */
  #joined(bytes: Buffer): Buffer {
    const begun = this.#rest;
    if (begun.length === 0) return bytes;
    this.#rest = NOTHING;
    if (begun[0] === COPY_DATA && begun.length >= HEADER_BYTES) {
      const missing = 1 + begun.readUInt32BE(1) - begun.length;
      if (missing <= bytes.length) {
        this.push(Buffer.concat([begun.subarray(HEADER_BYTES), bytes.subarray(0, missing)]));
        return bytes.subarray(missing);
      }
    }
    return Buffer.concat([begun, bytes]);
  }

  #take(bytes: Buffer): void {
    const { text, read, end } = textOf(bytes);
    // A copy, which does not keep all bytes.
    this.#rest = Buffer.from(bytes.subarray(read));
    if (text.length > 0) this.#isWanted = this.push(text);
    if (end === undefined) return;
    this.#leave(this.#rest);
    // An error is reported by the client.
    if (end === COPY_DONE) this.push(null);
  }

  /** Has the client read what follows. */
  #leave(bytes: Buffer): void {
    const socket = socketOf(this.#connection!);
    const parser = this.#parser!;
    this.#connection = undefined;
    this.#rest = NOTHING;
    socket.removeListener("readable", this.#forward);
    socket.on("data", parser);
    parser(bytes);
    process.nextTick(() => socket.resume());
  }
}

/** The text of messages, how much of them was read, and the message that ends it, if it has arrived. */
interface CopiedText {
  readonly text: Buffer;
  readonly read: number;
  readonly end: typeof COPY_DONE | typeof ERROR | undefined;
}

/** Moves the rows of whole messages to the beginning of the bytes. Reads the end of all rows, but no error. */
function textOf(bytes: Buffer): CopiedText {
  let read = 0;
  let written = 0;
  let end: CopiedText["end"];
  while (end === undefined && read + HEADER_BYTES <= bytes.length) {
    const type = bytes[read];
    if (type === ERROR) {
      end = ERROR;
      break;
    }
    const next = read + 1 + bytes.readUInt32BE(read + 1);
    if (next > bytes.length) break;
    if (type === COPY_DATA) {
      bytes.copyWithin(written, read + HEADER_BYTES, next);
      written += next - read - HEADER_BYTES;
    }
    // Others are notices and settings.
    if (type === COPY_DONE) end = COPY_DONE;
    read = next;
  }
  return { text: bytes.subarray(0, written), read, end };
}

function socketOf(connection: Connection): Socket {
  return connection.stream as Socket;
}
