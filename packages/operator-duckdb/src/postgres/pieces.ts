import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { remove } from "../target/durable.js";

/** Size from which a piece is handed on, bytes. */
const PIECE_BYTES = 67_108_864;
const LINE_END = 10;

/**
 * Writes lines to files of about 64 MiB, and has each used while the next is written. Every file ends with a
 * line; a text without lines makes none.
 *
 * @param use - called for one file at a time, which is removed afterwards
 */
export async function inPieces(
  lines: AsyncIterable<Buffer>,
  directory: string,
  use: (file: string) => Promise<void>,
): Promise<void> {
  const pieces = new Pieces(directory, use);
  try {
    for await (const chunk of lines) await pieces.add(chunk);
    await pieces.end();
  } finally {
    await pieces.close();
  }
}

class Pieces {
  readonly #directory: string;
  readonly #use: (file: string) => Promise<void>;
  #count = 0;
  #file: FileHandle | undefined;
  #path = "";
  #bytes = 0;
  #using: Promise<void> = Promise.resolve();

  constructor(directory: string, use: (file: string) => Promise<void>) {
    this.#directory = directory;
    this.#use = use;
  }

  async add(chunk: Buffer): Promise<void> {
    const cut = this.#bytes + chunk.length < PIECE_BYTES ? 0 : chunk.lastIndexOf(LINE_END) + 1;
    if (cut === 0) return this.#write(chunk);
    await this.#write(chunk.subarray(0, cut));
    await this.#handOn();
    if (cut < chunk.length) await this.#write(chunk.subarray(cut));
  }

  async end(): Promise<void> {
    if (this.#bytes > 0) await this.#handOn();
    await this.#using;
  }

  /** Closes what an error left open, and waits until nothing reads the files any more. */
  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    await this.#using.catch(() => {});
  }

  async #write(bytes: Buffer): Promise<void> {
    if (this.#file === undefined) {
      this.#count += 1;
      this.#path = join(this.#directory, `piece-${this.#count}.txt`);
      this.#file = await open(this.#path, "w");
    }
    await this.#file.writeFile(bytes);
    this.#bytes += bytes.length;
  }

  async #handOn(): Promise<void> {
    const path = this.#path;
    await this.#file?.close();
    this.#file = undefined;
    this.#bytes = 0;
    await this.#using;
    this.#using = this.#use(path).then(() => remove(path));
    // Awaited with the next piece; until then nothing else may report it as unhandled.
    this.#using.catch(() => {});
  }
}
