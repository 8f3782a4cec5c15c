import { Worker } from "bullmq";
import { openPatient, type RedisClient } from "./connection.js";
import { within } from "./deadline.js";
import { hashTag, QUEUE_NAME } from "./keys.js";
import type { EngineSettings } from "./options.js";

/** When BullMQ tries again what failed for want of Redis, ms; by itself it would take 15 seconds. */
const RETRY_MS = 1_000;

/** What a worker works with. */
export interface CallWorkerParts {
  readonly settings: EngineSettings;
  /** Does what it is called for. */
  readonly answer: () => Promise<void>;
  readonly onTrouble: (error: unknown) => void;
}

/** Answers the calls of this or another manager's ticker: a BullMQ worker with connections of its own. */
export class CallWorker {
  readonly #parts: CallWorkerParts;
  readonly #client: RedisClient;
  readonly #worker: Worker;

  constructor(parts: CallWorkerParts) {
    this.#parts = parts;
    const { settings, answer, onTrouble } = parts;
    this.#client = openPatient(settings.connection);
    this.#client.on("error", onTrouble);
    this.#worker = new Worker(QUEUE_NAME, answer, {
      connection: this.#client,
      prefix: hashTag(settings.prefix),
      concurrency: settings.concurrency,
      autorun: false,
      runRetryDelay: RETRY_MS,
      // The job of a manager that was killed is cleared away about as soon as its fires are taken over.
      lockDuration: 2 * settings.leaseMs,
      stalledInterval: 2 * settings.leaseMs,
      // What BullMQ would print about the server is told by an event instead.
      skipVersionCheck: true,
    });
    this.#worker.on("error", onTrouble);
  }

  start(): void {
    this.#worker.run().catch(this.#parts.onTrouble);
  }

  /** Answers no more calls. What it leaves in a Redis that does not answer lapses there by itself. */
  async stop(): Promise<void> {
    const { settings, onTrouble } = this.#parts;
    const isForced = !(await this.#hasRedis());
    // Where Redis is gone, BullMQ waits for it even when it is closed by force.
    await within(settings.commandTimeoutMs, this.#worker.close(isForced)).catch(onTrouble);
    this.#client.disconnect();
  }

  async #hasRedis(): Promise<boolean> {
    if (this.#client.status !== "ready") return false;
    try {
      await within(this.#parts.settings.commandTimeoutMs, this.#client.ping());
      return true;
    } catch {
      return false;
    }
  }
}
