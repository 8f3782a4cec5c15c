import { setTimeout as sleep } from "node:timers/promises";
import { type PgPool, PostgresConnection } from "bullmq";
import type { Database } from "./database.js";

/** After an attempt to reach the database that failed, how long until the next, ms. */
const RETRY_MS = 250;

/**
 * BullMQ's connection to Postgres, on the engine's pool. BullMQ's own asks once whether the database is there, and keeps
 * the answer: one that comes up after the manager would never be used. This one waits for it, before each statement.
 */
export class PatientConnection extends PostgresConnection {
  readonly #database: Database;
  readonly #onTrouble: (error: unknown) => void;

  constructor(database: Database, onTrouble: (error: unknown) => void) {
    super(database.pool as unknown as PgPool);
    this.#database = database;
    this.#onTrouble = onTrouble;
  }

  override async waitUntilReady(): Promise<void> {
    while (this.isClosing === undefined) {
      try {
        return await this.#database.ready();
      } catch (error) {
        this.#onTrouble(error);
        await sleep(RETRY_MS);
      }
    }
  }
}
