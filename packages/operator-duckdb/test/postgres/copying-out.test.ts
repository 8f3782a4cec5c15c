import { createServer, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Connection } from "pg";
import { ArrivedRows } from "../../src/postgres/arrived-rows.js";
import { CopyOut } from "../../src/postgres/copy-out.js";
import { LendingSocket } from "../../src/postgres/lending-socket.js";

/** A message of Postgres. */
function message(type: string, content: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(4 + Buffer.byteLength(content));
  return Buffer.concat([Buffer.from(type), length, Buffer.from(content)]);
}

const row = (text: string): Buffer => message("d", `${text}\n`);
const DONE = message("c", "");
const READY = message("Z", "I");

/** Bytes in pieces of these lengths, in turn. */
function piecesOf(bytes: Buffer, lengths: readonly number[]): readonly Buffer[] {
  const pieces: Buffer[] = [];
  for (let from = 0; from < bytes.length; ) {
    const to = from + lengths[pieces.length % lengths.length]!;
    pieces.push(bytes.subarray(from, to));
    from = to;
  }
  return pieces;
}

/** A text of whole rows. */
function textOf(rows: Buffer | undefined): string {
  expect(rows === undefined || rows.at(-1) === 10).toBe(true);
  return rows?.toString() ?? "";
}

describe("rows that arrive", () => {
  it("are whole rows, wherever their messages are cut, with what is behind them left to others", () => {
    const texts = fc.array(
      fc.oneof(
        { weight: 9, arbitrary: fc.integer({ min: 0, max: 300 }) },
        { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 900_000 }) },
      ),
      { maxLength: 40 },
    );
    const lengths = fc.array(
      fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 500, max: 65_536 })),
      {
        minLength: 1,
        maxLength: 5,
      },
    );
    fc.assert(
      fc.property(texts, lengths, (sizes, cuts) => {
        const written = sizes.map((size, index) => `${String(index % 10).repeat(size)}\n`);
        const bytes = Buffer.concat([
          message("H", "\0\0\0"),
          ...written.flatMap((text) => [message("d", text), message("N", "A notice")]),
          DONE,
          READY,
        ]);
        // Short pieces of long texts would take long.
        const shortest = Math.ceil(bytes.length / 2_000);
        const rows = new ArrivedRows();
        let text = "";
        let isDone = false;
        for (const [index, piece] of piecesOf(
          bytes,
          cuts.map((cut) => Math.max(cut, shortest)),
        ).entries()) {
          rows.room(piece.length).set(piece);
          const end = rows.take(piece.length);
          if (isDone) continue;
          isDone = end === "done";
          if (isDone) expect(READY.subarray(0, rows.rest().length).equals(rows.rest())).toBe(true);
          // The reader is slow.
          if (index % 3 === 0) text += textOf(rows.shift());
        }
        for (let next = rows.shift(); next !== undefined; next = rows.shift()) text += textOf(next);
        expect(isDone).toBe(true);
        expect(text === written.join("")).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  const rowsOf = (count: number): Buffer =>
    Buffer.concat(Array.from({ length: count }, () => row("x".repeat(100))));

  it("take the same memory again and again", () => {
    const rows = new ArrivedRows();
    const memories = new Set<ArrayBufferLike>();
    const bytes = rowsOf(500);
    for (let turn = 0; turn < 100; turn += 1) {
      rows.room(bytes.length).set(bytes);
      rows.take(bytes.length);
      memories.add(rows.shift()!.buffer);
    }
    expect(memories.size).toBe(2);
  });

  it("wait for their reader, though not all of them", () => {
    const rows = new ArrivedRows();
    const bytes = rowsOf(500);
    let taken = 0;
    for (; !rows.isFull; taken += 1) {
      rows.room(bytes.length).set(bytes);
      rows.take(bytes.length);
    }
    expect(taken).toBeGreaterThan(100);
    let read = 0;
    for (let text = rows.shift(); text !== undefined; text = rows.shift()) read += text.length;
    expect([read, rows.isFull]).toEqual([taken * 500 * 101, false]);
  });

  it("end before an error, which is left to the client", () => {
    const rows = new ArrivedRows();
    const error = message("E", "SERROR\0\0");
    const bytes = Buffer.concat([row("1"), error, READY]);
    rows.room(bytes.length).set(bytes);
    expect([rows.take(bytes.length), rows.shift()?.toString(), rows.rest()]).toEqual([
      "error",
      "1\n",
      Buffer.concat([error, READY]),
    ]);
  });
});

describe("the text of a COPY", () => {
  const LINES = Array.from({ length: 20_000 }, (_, index) => `${index}\t${"y".repeat(index % 90)}`);
  const ANSWER = Buffer.concat([...LINES.map(row), DONE, READY]);

  /** Reads the text, and waits for what its client gets: all that is behind the rows. */
  async function copiedFrom(socket: LendingSocket | PassThrough): Promise<[text: string, behind: Buffer]> {
    const behind: Buffer[] = [];
    socket.on("data", (bytes: Buffer) => behind.push(bytes));
    const copied = new CopyOut("COPY rows TO STDOUT");
    copied.submit({ stream: socket, query() {} } as unknown as Connection);
    let text = "";
    for await (const part of copied) text += part.toString();
    return [text, Buffer.concat(behind)];
  }

  it("is read from a connection that decrypts it into memory of its own", async () => {
    const socket = new PassThrough();
    for (const piece of piecesOf(ANSWER, [1, 70_000, 3, 16_000])) socket.write(piece);
    expect(await copiedFrom(socket)).toEqual([`${LINES.join("\n")}\n`, READY]);
  });

  it("is read into memory that is lent to the socket", async () => {
    const server = createServer((client: Socket) => client.end(ANSWER)).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const socket = new LendingSocket();
    try {
      socket.connect((server.address() as { port: number }).port, "127.0.0.1");
      expect(await copiedFrom(socket)).toEqual([`${LINES.join("\n")}\n`, READY]);
    } finally {
      socket.destroy();
      server.close();
    }
  });
});
