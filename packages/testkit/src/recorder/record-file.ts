import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import type { JobRecord } from "./job-record.js";

/** Settings of a record file. */
export interface RecordFileOptions {
  /**
   * Whether each record is also synced to disk, so that it survives a power failure and not only the death of
   * the process. Costs a disk write per record. @default false
   */
  readonly isSynced?: boolean;
}

/** A file of JSON lines, with empty ones between them, to which any number of processes on one machine append. */
export interface RecordFile {
  readonly path: string;
  /** Appends a record with one write. @throws the file system's error if the record is not kept whole */
  readonly append: (record: JobRecord) => void;
  close(): void;
}

/** Opens a record file for appending; creates it if there is none. */
export function recordFile(path: string, options: RecordFileOptions = {}): RecordFile {
  const file = openSync(path, "a", 0o600);
  return {
    path,
    append: (record) => {
      // A process that is killed while it writes leaves a torn line, which no other record must continue.
      const line = Buffer.from(`\n${JSON.stringify(record)}\n`);
      const written = writeSync(file, line);
      if (written < line.length) {
        throw new Error(`${path}: only ${written} of ${line.length} bytes of a record were written.`);
      }
      if (options.isSynced === true) fsyncSync(file);
    },
    close: () => closeSync(file),
  };
}

/** The content of a record file. */
export interface Recording {
  readonly records: readonly JobRecord[];
  /** Number of incomplete records, as left by a full disk, a power failure or a killed process. */
  readonly tornLines: number;
}

/** Reads a record file. @throws the file system's error if it cannot be read */
export function readRecording(path: string): Recording {
  const lines = readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "");
  const records = lines.map(parsed).filter((record) => record !== undefined);
  return { records, tornLines: lines.length - records.length };
}

function parsed(line: string): JobRecord | undefined {
  try {
    return JSON.parse(line) as JobRecord;
  } catch {
    return undefined;
  }
}
