import { join } from "node:path";
import type { ScheduleOperator } from "@tidegate/core/operator";
import { SqliteStore } from "@tidegate/store-sqlite";
import { atMost, type Figure, rounded } from "./figure.js";
import { assemble, noopOperator, registerAll, temporaryDirectory, waitUntil } from "./setup.js";

const SHARDS = 1_000;
const DAY_MS = 86_400_000;

/** As many as a run has at once unless its schedule says otherwise. */
const USUAL = 8;

/** The cost of a shard whose job does nothing: its attempt and its success are on the disk. */
export async function shardCost(): Promise<Figure[]> {
  const usual = await msPerShard(USUAL);
  const alone = await msPerShard(1);
  return [
    atMost(3, {
      id: "shard-cost",
      what: `one of ${SHARDS.toLocaleString("en-US")} shards of a run on SQLite, ${USUAL} at a time`,
      value: rounded(usual),
      unit: "ms",
      reference: { what: "the same one at a time, ms", value: rounded(alone) },
    }),
  ];
}

/** Returns what a run takes beyond one that is not split, by shard. */
async function msPerShard(concurrency: number): Promise<number> {
  const whole = await msOfRun(undefined);
  return ((await msOfRun(concurrency)) - whole) / SHARDS;
}

async function msOfRun(concurrency: number | undefined): Promise<number> {
  const directory = temporaryDirectory();
  const tidegate = assemble(
    new SqliteStore({ path: join(directory.path, "ledger.db") }),
    splittingOperator(),
  );
  await tidegate.start();
  try {
    const startTime = Date.now() - DAY_MS;
    await registerAll(tidegate, [
      {
        groupId: "orders",
        trigger: { type: "period", every: 1, unit: "day" },
        startTime,
        endTime: startTime + DAY_MS,
        operator: "noop",
        job: {},
        shards: concurrency === undefined ? null : { target: SHARDS, concurrency },
      },
    ]);
    let took: number | undefined;
    await waitUntil(async () => {
      const { items } = await tidegate.client.runs(
        { groupId: "orders", states: ["SUCCEEDED"] },
        { limit: 1 },
      );
      const [run] = items;
      if (run === undefined) return false;
      took = (run.endedAt ?? 0) - (run.submittedAt ?? 0);
      return true;
    }, "a run in shards");
    return took ?? Number.NaN;
  } finally {
    await tidegate.stop();
    directory.remove();
  }
}

/** An operator that splits what is nothing to do. */
function splittingOperator(): ScheduleOperator {
  return {
    ...noopOperator(),
    submit: async ({ idempotencyKey }) => ({ jobId: idempotencyKey, outcome: { state: "SUCCEEDED" } }),
    split: async (_request, { target }) => ({
      shards: Array.from({ length: target }, (_, number) => ({ key: `part ${number}`, args: { number } })),
    }),
  };
}
