import type { Socket } from "node:net";
import type { Connection, Submittable } from "pg";
import { ArrivedRows } from "./arrived-rows.js";
import { type BytesTaker, giveTo, LendingSocket } from "./lending-socket.js";

/** The reader that waits for a text. */
interface Waiting {
  readonly resolve: (text: Buffer | undefined) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The text of a `COPY … TO STDOUT`, as a query that a client of `pg` runs. It can be iterated once, and each part of it
 * stays as it is until the next is asked for. A slow reader slows the server down.
 */
export class CopyOut implements Submittable, AsyncIterable<Buffer> {
  readonly #sql: string;
  readonly #rows = new ArrivedRows();
  #connection: Connection | undefined;
  #parser: ((bytes: Buffer) => void) | undefined;
  #waiting: Waiting | undefined;
  #isDone = false;
  #error: Error | undefined;

  constructor(sql: string) {
    this.#sql = sql;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, void> {
    for (let text = await this.#next(); text !== undefined; text = await this.#next()) yield text;
  }

  /** Called by the client when it is this query's turn. The answer is read here until it ends. */
  submit(connection: Connection): void {
    const socket = socketOf(connection);
    [this.#parser] = socket.listeners("data") as [(bytes: Buffer) => void];
    socket.removeListener("data", this.#parser);
    this.#connection = connection;
    if (socket instanceof LendingSocket) socket.lendTo(this.#taker);
    else socket.on("data", this.#give);
    connection.query(this.#sql);
  }

  /** Called by the client for an error of the server, or of the connection. */
  handleError(error: Error): void {
    this.#error = error;
    this.#waiting?.reject(error);
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {}

  readonly #taker: BytesTaker = {
    room: (atLeast) => this.#rows.room(atLeast),
    take: (bytes) => this.#take(bytes),
  };

  /** Of a connection with TLS, whose socket decrypts into memory of its own. */
  readonly #give = (bytes: Buffer): void => {
    if (!giveTo(this.#taker, bytes)) socketOf(this.#connection!).pause();
  };

  #next(): Promise<Buffer | undefined> {
    const text = this.#rows.shift();
    if (this.#connection !== undefined && !this.#rows.isFull) socketOf(this.#connection).resume();
    if (text !== undefined || this.#isDone) return Promise.resolve(text);
    if (this.#error !== undefined) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** Returns whether to read on: not until some of the text that waits was read. */
  #take(bytes: number): boolean {
    const end = this.#rows.take(bytes);
    this.#isDone = end === "done";
    this.#wake();
    if (end !== undefined) this.#leave();
    return end !== undefined || !this.#rows.isFull;
  }

  #wake(): void {
    if (this.#waiting === undefined) return;
    const text = this.#rows.shift();
    if (text === undefined && !this.#isDone) return;
    this.#waiting.resolve(text);
    this.#waiting = undefined;
  }

  /** Has the client read what follows, such as an error. */
  #leave(): void {
    const socket = socketOf(this.#connection!);
    const parser = this.#parser!;
    this.#connection = undefined;
    if (socket instanceof LendingSocket) socket.lendTo(undefined);
    else socket.removeListener("data", this.#give);
    socket.on("data", parser);
    parser(this.#rows.rest());
  }
}

function socketOf(connection: Connection): Socket {
  return connection.stream as Socket;
}
