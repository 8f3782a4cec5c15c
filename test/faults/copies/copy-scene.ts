import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import type { ScheduleInfo } from "@tidegate/core";
import type { Crew } from "../campaign/fleet.js";
import { type Deployment, endProcess, untilDone } from "../scene.js";

const COPIER = fileURLToPath(new URL("copier.mjs", import.meta.url));

/** The table, as jobs read it. */
export const SOURCE = {
  format: "postgres",
  connection: "shop",
  table: "orders",
  cursorColumn: "stamp",
  split: { column: "id" },
} as const;

/** The ledger of a copy, as a manager reads it at its end. */
export interface Judged {
  readonly groupId: string;
  readonly isSound: boolean;
  /** Whether increments begin where each of its full copies ends. */
  readonly isSeamless: boolean;
}

/** Copies of one table by several managers, each of which is a schedule with a folder of its own. */
export class CopyScene implements Crew {
  readonly #folder = mkdtempSync(join(tmpdir(), "tidegate-copies-"));
  readonly #deployment: Deployment;
  readonly #schedules: readonly ScheduleInfo[];
  readonly #managers: ChildProcess[] = [];

  constructor(
    deployment: (folder: string) => Deployment,
    copies: Readonly<Record<string, Partial<ScheduleInfo>>>,
  ) {
    this.#deployment = deployment(this.#folder);
    this.#schedules = Object.entries(copies).map(([groupId, more]) => this.#schedule(groupId, more));
  }

  get groupIds(): readonly string[] {
    return this.#schedules.map(({ groupId }) => groupId);
  }

  startManager({ parts }: { readonly parts: object }): ChildProcess {
    const plan = {
      folder: this.#folder,
      name: `manager-${this.#managers.length}`,
      schedules: this.#schedules,
      parts: { ...this.#deployment.parts, ...parts },
    };
    const manager = fork(COPIER, [JSON.stringify(plan)], { execArgv: [] });
    this.#managers.push(manager);
    return manager;
  }

  untilDone(manager: ChildProcess): Promise<void> {
    return untilDone(manager);
  }

  /** Has the managers end when they have copied all rows before a position. Returns what each of them says of each copy. */
  async finish(managers: readonly ChildProcess[], end: string): Promise<Judged[][]> {
    const judged = managers.map(lastWordOf);
    for (const manager of managers) manager.send({ finish: { end } });
    await Promise.all(managers.map((manager) => this.untilDone(manager)));
    return Promise.all(judged);
  }

  /** Returns the ids of the rows that a schedule has copied, in order: one that was copied twice is there twice. */
  async idsOf(groupId: string): Promise<string[]> {
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    const reader = await connection.runAndReadAll(
      `SELECT id::VARCHAR FROM read_parquet('${this.#target(groupId)}/*/*.parquet', hive_partitioning = false) ORDER BY id`,
    );
    const ids = reader.getRows().map(([id]) => String(id));
    connection.closeSync();
    instance.closeSync();
    return ids;
  }

  /** Ends what still runs and removes the folder. */
  async remove(): Promise<void> {
    await Promise.all(this.#managers.map(endProcess));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #target(groupId: string): string {
    return join(this.#folder, groupId);
  }

  #schedule(groupId: string, more: Partial<ScheduleInfo>): ScheduleInfo {
    return {
      groupId,
      trigger: { type: "period", every: 1, unit: "second" },
      boundaryType: "OFFSET",
      source: { type: "postgres", database: "shop", table: "orders", column: "stamp" },
      mode: "full-then-incremental",
      // Runs that wait become one, so that a busy machine keeps up.
      overlap: "coalesce-pending",
      maxAttempts: 1_000,
      backoff: { initialMs: 20, maxMs: 200 },
      job: {
        source: SOURCE,
        target: { path: this.#target(groupId) },
      },
      ...more,
    } as ScheduleInfo;
  }
}

/** Returns what a manager says at its end; before that, it may say that it is ready. */
async function lastWordOf(manager: ChildProcess): Promise<Judged[]> {
  for (;;) {
    const [message] = await once(manager, "message");
    if (Array.isArray(message)) return message;
  }
}
