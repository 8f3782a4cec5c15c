import { type Stats, statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { StoreError } from "@tidegate/core";
import { SystemClock } from "@tidegate/core/clock";

const MACHINE = new SystemClock();

/** How often to look for the write-ahead log at most, ms: what it has is not lost while this process lives. */
const LOG_CHECK_MS = 100;

/**
 * The files of an open database: the one at its path, and the write-ahead log beside it. A process goes on writing to
 * files that were removed, without noticing. The lock goes with the file, so another process could open what is at the
 * path meanwhile.
 */
export class OwnFiles {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #opened: Stats | undefined;
  #log: Stats | undefined;
  #logCheckedAt = 0;

  constructor(database: DatabaseSync, path: string) {
    this.#database = database;
    this.#path = path;
    this.#opened = found(path);
    this.#log = this.#foundLog();
  }

  /**
   * Makes the write-ahead log anew if it is found to have been removed.
   *
   * @throws StoreError STORE_UNAVAILABLE if the file at the path is no longer the one that was opened
   */
  require(): void {
    const file = found(this.#path);
    if (!isSame(file, this.#opened) || file!.size === 0) {
      throw new StoreError(
        "STORE_UNAVAILABLE",
        `${this.#path}: was removed, replaced or emptied while it was in use, so nothing more is written; put the file back, or restart the process to use what is there.`,
      );
    }
    const now = MACHINE.monotonicNow();
    if (now - this.#logCheckedAt < LOG_CHECK_MS) return;
    this.#logCheckedAt = now;
    if (!isSame(this.#foundLog(), this.#log)) this.#renewLog();
  }

  /** SQLite merges the removed log, which still has all writes, into the database first. */
  #renewLog(): void {
    this.#database.exec("PRAGMA journal_mode = DELETE");
    this.#database.exec("PRAGMA journal_mode = WAL");
    this.#database.exec("BEGIN IMMEDIATE; COMMIT");
    this.#log = this.#foundLog();
  }

  #foundLog(): Stats | undefined {
    return found(`${this.#path}-wal`);
  }
}

function found(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

function isSame(a: Stats | undefined, b: Stats | undefined): boolean {
  return a?.ino === b?.ino && a?.dev === b?.dev;
}
