import { open } from "node:fs/promises";
import { CommandError } from "../exit-code.js";

/** Longest file that is read, bytes. */
const MAX_BYTES = 5 * 1_048_576;

/**
 * Reads a file of text.
 *
 * @param file - `-` is the standard input
 * @throws CommandError if it cannot be read, is longer than 5 MiB, or is not UTF-8
 */
export async function textOf(file: string): Promise<string> {
  const bytes = file === "-" ? await bytesOf(file, process.stdin) : await bytesOfFile(file);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new CommandError(`${file}: must be UTF-8.`);
  }
}

async function bytesOfFile(path: string): Promise<Buffer> {
  const file = await open(path).catch((error: Error) => {
    throw new CommandError(`${path}: ${error.message}.`);
  });
  return bytesOf(path, file.createReadStream());
}

/** Reads no more than a file may have, however long it says it is. */
async function bytesOf(file: string, stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new CommandError(`${file}: must not be longer than ${MAX_BYTES} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
