import { pause, SystemClock } from "@tidegate/core/clock";
import { type PgPool, PostgresConnection } from "bullmq";
import type { Database } from "./database.js";

/** Delay between attempts to reach the database, ms. */
const RETRY_MS = 250;

/** The machine's clock, not the injected one: a server comes up in real time. */
const MACHINE = new SystemClock();

/**
 * BullMQ's connection to Postgres, on the engine's pool. BullMQ's own checks only once whether the database
 * is there, and remembers the answer, so it would never use one that comes up after the manager. This one
 * waits for it before each statement.
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
        await pause(MACHINE, RETRY_MS);
      }
    }
  }
}
