// A manager on BullMQ and Postgres whose jobs do nothing; started by `Managers`.
import { createTidegate } from "@tidegate/core";
import { bullmqEngine } from "@tidegate/engine-bullmq";
import { postgresStore } from "@tidegate/store-postgres";
import { noopOperator, registerAll } from "../setup.js";
import type { ManagerPlan } from "./managers.js";

/** So many schedules are registered with one call. */
const BATCH = 20_000;

const { connectionString, redisPort } = JSON.parse(process.argv[2]!) as ManagerPlan;

const tidegate = createTidegate({
  store: postgresStore({ connectionString }),
  engines: [bullmqEngine({ connection: { host: "127.0.0.1", port: redisPort } })],
  operators: [noopOperator()],
  dispatcher: { maxConcurrentRuns: 2_000 },
});
tidegate.events.on("trouble", (trouble) => console.error(trouble));
await tidegate.start();

/** Schedules to register. */
interface Registration {
  readonly count: number;
  readonly periodMs: number;
  readonly startAt: number;
  readonly known: number;
}

process.on("message", async (message: "memory" | Registration) => {
  if (message === "memory") {
    process.send?.(process.memoryUsage.rss());
    return;
  }
  const { count, periodMs, startAt, known } = message;
  const trigger = { type: "period", every: periodMs / 1_000, unit: "second" } as const;
  for (let from = 0; from < count; from += BATCH) {
    const size = Math.min(BATCH, count - from);
    const infos = Array.from({ length: size }, (_, offset) => {
      const firstFireAt = startAt + Math.floor(((from + offset) * periodMs) / count);
      return { groupId: `group-${known + from + offset}`, trigger, startTime: firstFireAt - periodMs };
    });
    await registerAll(tidegate, infos);
  }
  globalThis.gc?.();
  process.send?.("registered");
});
process.send?.("ready");
