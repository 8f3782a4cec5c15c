import { closeSync, existsSync, openSync, readSync } from "node:fs";
import type { JobRecord } from "@tidegate/testkit";

const CHUNK_BYTES = 1_048_576;

/** Follows a recording that others write, without reading any of it twice. */
export class RecordingTail {
  readonly #path: string;
  readonly #records: JobRecord[] = [];
  #read = 0;
  #begun: Buffer = Buffer.alloc(0);

  constructor(path: string) {
    this.#path = path;
  }

  /** Returns all whole records so far, in the order in which they were written. */
  records(): readonly JobRecord[] {
    if (!existsSync(this.#path)) return this.#records;
    const file = openSync(this.#path, "r");
    try {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      for (;;) {
        const length = readSync(file, chunk, 0, CHUNK_BYTES, this.#read);
        if (length === 0) return this.#records;
        this.#read += length;
        this.#add(Buffer.concat([this.#begun, chunk.subarray(0, length)]));
      }
    } finally {
      closeSync(file);
    }
  }

  #add(bytes: Buffer): void {
    const end = bytes.lastIndexOf("\n") + 1;
    this.#begun = bytes.subarray(end);
    for (const line of bytes.subarray(0, end).toString("utf8").split("\n")) {
      const record = line === "" ? undefined : recordOf(line);
      if (record !== undefined) this.#records.push(record);
    }
  }
}

/** Returns the record of a line, or nothing for one that a kill has torn. */
function recordOf(line: string): JobRecord | undefined {
  try {
    return JSON.parse(line) as JobRecord;
  } catch {
    return undefined;
  }
}
