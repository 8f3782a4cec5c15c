import {
  closeSync,
  constants,
  createReadStream,
  existsSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { open, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { asFile, openPipe } from "../../src/postgres/piped.js";

const LINE = `${"x".repeat(1_023)}\n`;

describe("a text that is read as a file while it arrives", () => {
  let directory: string;
  let isClosed: boolean;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "tidegate-piped-"));
    isClosed = false;
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** A text of this many KiB. */
  async function* text(lines: number, failure?: Error): AsyncGenerator<Buffer> {
    try {
      for (let line = 0; line < lines; line += 1) yield Buffer.from(LINE);
      if (failure !== undefined) throw failure;
    } finally {
      isClosed = true;
    }
  }

  const isPipe = (path: string): boolean => lstatSync(path).isFIFO();

  it("is a file if it is short, since a pipe takes a process to make", async () => {
    const read = await asFile(text(3), directory, async (path) => [
      isPipe(path),
      await readFile(path, "utf8"),
    ]);
    expect(read).toEqual([false, LINE.repeat(3)]);
  });

  it("is an empty file if it is empty", async () => {
    expect(await asFile(text(0), directory, (path) => readFile(path, "utf8"))).toBe("");
  });

  it("is a pipe if it is long, and leaves nothing behind", async () => {
    const read = await asFile(text(5_000), directory, async (path) => [isPipe(path), await readFile(path)]);
    expect(read[0]).toBe(true);
    expect((read[1] as Buffer).equals(Buffer.from(LINE.repeat(5_000)))).toBe(true);
    expect(readdirSync(directory)).toEqual([]);
  });

  it("is a file of any length where no pipe can be made", async () => {
    writeFileSync(join(directory, "rows.txt"), "in the way");
    const read = await asFile(text(5_000), directory, async (path) => [isPipe(path), await readFile(path)]);
    expect(read[0]).toBe(false);
    expect((read[1] as Buffer).equals(Buffer.from(LINE.repeat(5_000)))).toBe(true);
  });

  it("that fails, fails as a whole although its reader saw it end", async () => {
    let seen = 0;
    const reading = asFile(text(5_000, new Error("The server is gone.")), directory, async (path) => {
      seen = (await readFile(path)).length;
    });
    await expect(reading).rejects.toThrow("The server is gone.");
    expect(seen).toBeLessThanOrEqual(5_000 * 1_024);
    expect(readdirSync(directory)).toEqual([]);
  });

  it("that fails early, fails only once its reader has opened the pipe, where it would wait for ever", async () => {
    const reading = asFile(text(1_024, new Error("The server is gone.")), directory, async (path) => {
      for (let turn = 0; turn < 20; turn += 1) await nextTurn();
      expect(isClosed).toBe(false);
      await readFile(path);
    });
    await expect(reading).rejects.toThrow("The server is gone.");
    expect(isClosed).toBe(true);
  });

  it("has a pipe whose writing end is open before its reader begins", async () => {
    const read = await asFile(text(5_000), directory, async (path) => {
      // Fails with ENXIO as long as nobody holds an end for reading, without which none for writing can be opened.
      closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
      // Would block this thread, and so the writer, for ever.
      return await buffer(createReadStream(path, { fd: openSync(path, constants.O_RDONLY) }));
    });
    expect(read.equals(Buffer.from(LINE.repeat(5_000)))).toBe(true);
  });

  it("has a pipe that leaves nothing open if it cannot be opened for writing", () => {
    const open = () => readdirSync("/dev/fd").length;
    const before = open();
    expect(() => openPipe(directory)).toThrow("EISDIR");
    expect(open()).toBe(before);
  });

  it("is given up when its reader fails in the middle", async () => {
    const reading = asFile(text(5_000), directory, async (path) => {
      const pipe = await open(path, "r");
      await pipe.read(Buffer.alloc(1_024));
      await pipe.close();
      throw new Error("Line 1 is bad.");
    });
    await expect(reading).rejects.toThrow("Line 1 is bad.");
    expect(isClosed).toBe(true);
    expect(existsSync(join(directory, "rows.txt"))).toBe(false);
  });

  it("is given up when its reader fails before it begins", async () => {
    const reading = asFile(text(5_000), directory, async () => {
      throw new Error("There is no such column.");
    });
    await expect(reading).rejects.toThrow("There is no such column.");
    expect(isClosed).toBe(true);
  });

  it("was not read if its reader has stopped early", async () => {
    const reading = asFile(text(5_000), directory, async (path) => {
      const pipe = await open(path, "r");
      await pipe.read(Buffer.alloc(1_024));
      await pipe.close();
    });
    await expect(reading).rejects.toThrow("was not read to its end");
  });
});
