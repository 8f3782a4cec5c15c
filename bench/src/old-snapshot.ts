import type { Schedule } from "@tidegate/core";
import type { PlanCommit } from "@tidegate/core/store";
import { PostgresStore } from "@tidegate/store-postgres";
import { PostgresServer } from "@tidegate/test-servers";
import { Client } from "pg";
import { exactCpuUs } from "./distributed/cpu.js";
import { atMost, type Figure, rounded } from "./figure.js";
import { newRun } from "./new-run.js";
import { POSTGRES_SETTINGS } from "./postgres-settings.js";
import { assemble, noopOperator, registerAll } from "./setup.js";

/** Runs a second, in the time of the store. */
const PER_SECOND = 1_000;
const BATCH = 100;

/** How long the snapshot is open, s, in the time of the store: `TIDEGATE_BENCH_SECONDS=600` is what the goal is for. */
const SECONDS = Number(process.env.TIDEGATE_BENCH_SECONDS ?? 60);
/** Claims that are measured before the snapshot is opened, and at its end. */
const MEASURED = 100;

const MINUTE_MS = 60_000;
const START = Date.UTC(2024, 0, 1);
/** When the schedules would begin by themselves. */
const NEVER = Date.UTC(2100, 0, 1);
const CONNECTIONS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'tidegate'";
const GROUPS = Array.from({ length: BATCH }, (_, index) => `group-${index}`);

/** Measures the cost of claims while another connection keeps a snapshot open, as a dump does. */
export async function oldSnapshot(): Promise<Figure[]> {
  const server = await PostgresServer.start(POSTGRES_SETTINGS);
  try {
    const connectionString = await server.createDatabase();
    const store = new PostgresStore({ connectionString });
    const tidegate = assemble(store, noopOperator());
    await tidegate.start();
    const trigger = { type: "period", every: 1, unit: "minute" } as const;
    await registerAll(
      tidegate,
      GROUPS.map((groupId) => ({ groupId, trigger, startTime: NEVER })),
    );
    await tidegate.stop();
    await store.open();
    const reader = new Client({ connectionString });
    await reader.connect();
    const schedules = await store.getSchedules(GROUPS);
    const cpuUs = async (): Promise<number> => {
      const { rows } = await reader.query<{ pid: number }>(CONNECTIONS);
      return rows.reduce((sum, { pid }) => sum + exactCpuUs(pid), 0);
    };
    const lives = new Lives(
      store,
      schedules.map((schedule) => schedule!),
      cpuUs,
    );
    await lives.claims(MEASURED);
    const usual = await lives.claims(MEASURED);
    await reader.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
    await reader.query("SELECT count(*) FROM tidegate.run");
    await lives.claims((SECONDS * PER_SECOND) / BATCH - MEASURED);
    const since = await lives.claims(MEASURED);
    await reader.end();
    await store.close();
    return [
      atMost(2, {
        id: "old-snapshot",
        what: `processor time of Postgres for a claim of ${BATCH} runs (${rounded(since)} us) when a snapshot has been open for ${SECONDS} s at ${PER_SECOND} runs/s, over its usual cost`,
        value: rounded(since / usual),
        unit: "times",
        reference: { what: "a claim before, us", value: rounded(usual) },
      }),
    ];
  } finally {
    await server.dispose();
  }
}

/** Runs of schedules: those of a batch, one of each, are planned, claimed and ended together. */
class Lives {
  readonly #store: PostgresStore;
  readonly #schedules: readonly Schedule[];
  readonly #cpuUs: () => Promise<number>;
  #turn = 0;

  /** @param cpuUs - returns the processor time that the store's connections have taken so far, us */
  constructor(store: PostgresStore, schedules: readonly Schedule[], cpuUs: () => Promise<number>) {
    this.#store = store;
    this.#schedules = schedules;
    this.#cpuUs = cpuUs;
  }

  /** Returns the processor time of each claim of so many batches, us, on average. */
  async claims(count: number): Promise<number> {
    let sum = 0;
    for (const end = this.#turn + count; this.#turn < end; this.#turn += 1) sum += await this.#live();
    return sum / count;
  }

  async #live(): Promise<number> {
    const now = START + (this.#turn * BATCH * 1_000) / PER_SECOND;
    await this.#store.plan(this.#schedules.map((schedule, no) => stepOf(schedule, no, this.#turn, now)));
    const request = { owner: "bench", operators: ["noop"], now, leaseUntil: now + MINUTE_MS, limit: BATCH };
    const before = await this.#cpuUs();
    const claimed = await this.#store.claim(request);
    const took = (await this.#cpuUs()) - before;
    if (claimed.length !== BATCH) throw new Error(`${claimed.length} of ${BATCH} runs were claimed.`);
    await this.#store.endRuns(
      claimed.map(({ run, token }) => ({
        run,
        change: {
          id: run.id,
          token,
          from: ["SUBMITTING", "RUNNING"],
          state: "SUCCEEDED",
          at: now,
          startedAt: now,
          endedAt: now,
          jobId: run.id,
          jobAddress: null,
          isJobOpen: false,
          error: null,
          metrics: {},
        },
      })),
    );
    return took;
  }
}

/** Returns the plan of a schedule's next minute. */
function stepOf(
  { spec: { groupId }, incarnation, version, watermark }: Schedule,
  no: number,
  turn: number,
  plannedAt: number,
): PlanCommit {
  const lower = watermark + turn * MINUTE_MS;
  const upper = lower + MINUTE_MS;
  const id = upper.toString(16).padStart(12, "0") + no.toString(16).padStart(20, "0");
  return {
    groupId,
    incarnation,
    version,
    watermark: lower,
    newWatermark: upper,
    nextFireAt: upper + MINUTE_MS,
    plannedAt,
    runs: [newRun({ id, groupId, lower, upper, scheduleVersion: version, operator: "noop", plannedAt })],
  };
}
