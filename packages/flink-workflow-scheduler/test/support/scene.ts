import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createTidegate, type Tidegate } from "@tidegate/core";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { createFlinkOperator } from "@tidegate/operator-flink";
import { sqliteStore } from "@tidegate/store-sqlite";
import type { FlinkServer } from "@tidegate/test-servers";
import { createWorkflowScheduler, type WorkflowScheduler } from "../../src/index.js";

/** A Tidegate that is a Flink's workflow scheduler, and can be started again over the same file. */
export class SchedulerScene {
  readonly #flink: FlinkServer;
  readonly #port: number;
  readonly #folder: string;
  #tidegate: Tidegate | undefined;
  #scheduler: WorkflowScheduler | undefined;

  /** @param port - what the gateway takes for its own */
  constructor(flink: FlinkServer, port: number) {
    this.#flink = flink;
    this.#port = port;
    this.#folder = mkdtempSync(join(flink.dataFolder, "tidegate-"));
  }

  get tidegate(): Tidegate {
    if (this.#tidegate === undefined) throw new Error("Tidegate has been stopped.");
    return this.#tidegate;
  }

  async start(): Promise<void> {
    const { url, gatewayUrl } = this.#flink;
    this.#tidegate = createTidegate({
      store: sqliteStore({ path: join(this.#folder, "tidegate.db") }),
      engines: [embeddedEngine()],
      operators: [createFlinkOperator({ url, gatewayUrl })],
      // What is left to the next Tidegate is left at once.
      dispatcher: { drainMs: 0, leaseMs: 2_000 },
    });
    this.#scheduler = createWorkflowScheduler({
      tidegate: this.#tidegate,
      policies: { backoff: { initialMs: 500, maxMs: 2_000 }, maxAttempts: 50 },
      logger: false,
    });
    await this.#tidegate.start();
    await this.#scheduler.listen({ port: this.#port });
  }

  async stop(): Promise<void> {
    await this.#scheduler?.close();
    await this.#tidegate?.stop();
    this.#tidegate = undefined;
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
