import type { DatabaseSync } from "node:sqlite";
import { StoreError } from "@tidegate/core";
import { OwnFiles } from "./own-files.js";
import { asStoreError } from "./sqlite-errors.js";

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A write of the transaction in progress, and its answer. */
interface Written {
  readonly operation: () => unknown;
  answer: unknown;
}

/**
 * Combines all writes of one turn of the event loop in one transaction, so that many small writes cost one
 * flush to disk. A promise resolves when the transaction is durable. A read within the turn sees the writes
 * in progress, and resolves with them.
 *
 * A write that throws leaves nothing behind: the transaction is rolled back, and its other writes are made again.
 * That is rare, whereas a savepoint for each write would have SQLite copy every page that it changes.
 */
export class GroupCommit {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #files: OwnFiles;
  readonly #onRollback: () => void;
  #waiters: Waiter[] = [];
  /** In the order in which they were made. */
  #written: Written[] = [];
  #isInTransaction = false;
  #isClosed = false;

  /** @param onRollback - called when written rows were rolled back, so that cached state is wrong */
  constructor(database: DatabaseSync, path: string, onRollback: () => void) {
    this.#database = database;
    this.#path = path;
    this.#files = new OwnFiles(database, path);
    this.#onRollback = onRollback;
  }

  /**
   * Runs a write. One that throws does not affect the others of its transaction.
   *
   * @param operation - does the same if it is run again after a rollback
   */
  async write<T>(operation: () => T): Promise<T> {
    this.#requireOpen();
    const written = this.#make(operation);
    await this.#committed();
    return written.answer as T;
  }

  /** Runs a read. */
  async read<T>(operation: () => T): Promise<T> {
    this.#requireOpen();
    let result: T;
    try {
      result = operation();
    } catch (error) {
      throw asStoreError(error, this.#path);
    }
    if (this.#isInTransaction) await this.#committed();
    return result;
  }

  /** Commits the writes in progress; accepts none afterwards. */
  close(): void {
    if (this.#isInTransaction) this.#commit();
    this.#isClosed = true;
  }

  #requireOpen(): void {
    if (this.#isClosed) throw notOpen(this.#path);
  }

  #make(operation: () => unknown): Written {
    try {
      this.#begin();
    } catch (error) {
      throw asStoreError(error, this.#path);
    }
    try {
      const written = { operation, answer: operation() };
      this.#written.push(written);
      return written;
    } catch (error) {
      this.#undo(error);
      throw asStoreError(error, this.#path);
    }
  }

  /**
   * Undoes a write that has thrown: all before it are made again, and committed, so that the next that throws makes
   * none of them once more. SQLite rolls back the whole transaction for some errors, such as a full disk; then every
   * write of it is lost.
   */
  #undo(error: unknown): void {
    if (!this.#database.isTransaction) {
      this.#lost(error);
      return;
    }
    try {
      this.#database.exec("ROLLBACK");
      this.#onRollback();
      this.#database.exec("BEGIN IMMEDIATE");
      for (const written of this.#written) written.answer = written.operation();
    } catch (again) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      this.#lost(again);
      return;
    }
    this.#commit();
  }

  /** Rejects all writes of a transaction that was rolled back. */
  #lost(error: unknown): void {
    this.#isInTransaction = false;
    this.#onRollback();
    this.#failed(error);
  }

  #begin(): void {
    if (this.#isInTransaction) return;
    this.#files.require();
    this.#database.exec("BEGIN IMMEDIATE");
    this.#isInTransaction = true;
    setImmediate(() => {
      if (this.#isInTransaction) this.#commit();
    });
  }

  #committed(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
    });
  }

  #commit(): void {
    this.#isInTransaction = false;
    try {
      this.#database.exec("COMMIT");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      this.#lost(error);
      return;
    }
    this.#settle(undefined);
  }

  #failed(thrown: unknown): void {
    const error = asStoreError(thrown, this.#path);
    if (error instanceof StoreError && error.code === "STORE_FULL") this.#makeRoom();
    this.#settle(error);
  }

  /**
   * Merges the write-ahead log into the database: its room is on the same disk, and most of its pages replace some
   * that the database has already.
   */
  #makeRoom(): void {
    try {
      this.#database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch {
      // There is no room for that either: the next write that fails tries again.
    }
  }

  #settle(error: unknown): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    this.#written = [];
    for (const { resolve, reject } of waiters) {
      if (error === undefined) resolve();
      else reject(error);
    }
  }
}

/** Returns the error of a store that is used while it is not open. */
export function notOpen(path: string): StoreError {
  return new StoreError(
    "STORE_CLOSED",
    `${path}: the store is not open; call open() first, and nothing after close().`,
  );
}
