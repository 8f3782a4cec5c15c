import { Worker } from "bullmq";
import { within } from "./deadline.js";
import type { EngineSettings } from "./options.js";
import { type BullmqLink, LOOK_AGAIN_S, type SharedServer } from "./shared-server.js";

/** BullMQ's retry delay after the server was unreachable, ms; its own default is 15 seconds. */
const RETRY_MS = 1_000;

/** Dependencies of `CallWorker`. */
export interface CallWorkerParts {
  readonly server: SharedServer;
  readonly settings: EngineSettings;
  /** Does the work of one call. */
  readonly answer: () => Promise<void>;
  readonly onTrouble: (error: unknown) => void;
}

/** Answers the calls of this or another manager's ticker: a BullMQ worker with connections of its own. */
export class CallWorker {
  readonly #parts: CallWorkerParts;
  readonly #link: BullmqLink;
  readonly #worker: Pick<Worker, "run" | "close">;

  constructor(parts: CallWorkerParts) {
    this.#parts = parts;
    const { server, settings, answer, onTrouble } = parts;
    this.#link = server.linkWorker();
    const options = {
      ...this.#link.options,
      concurrency: settings.concurrency,
      autorun: false,
      runRetryDelay: RETRY_MS,
      drainDelay: LOOK_AGAIN_S,
      // The job of a killed manager is removed about as soon as its fires are taken over.
      lockDuration: 2 * settings.leaseMs,
      stalledInterval: 2 * settings.leaseMs,
    };
    const worker = new Worker(server.queueName, answer, options, this.#link.backend);
    worker.on("error", onTrouble);
    this.#worker = worker;
  }

  start(): void {
    this.#worker.run().catch(this.#parts.onTrouble);
  }

  /** Answers no more calls. What it leaves on an unresponsive server expires there by itself. */
  async stop(): Promise<void> {
    const { server, settings, onTrouble } = this.#parts;
    const isForced = !(await this.#link.isAlive());
    // If the server is gone, BullMQ waits for it even when it is closed by force.
    await within(server.name, settings.commandTimeoutMs, this.#worker.close(isForced)).catch(onTrouble);
    this.#link.close();
  }
}
