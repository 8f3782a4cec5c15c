// A manager on BullMQ and Postgres whose jobs do nothing; started by `Managers`.
import { createTidegate } from "@tidegate/core";
import { bullmqEngine } from "@tidegate/engine-bullmq";
import { postgresStore } from "@tidegate/store-postgres";
import type { ManagerPlan } from "./managers.js";
import { noopOperator, registerAll } from "./setup.js";

const { connectionString, redisPort } = JSON.parse(process.argv[2]!) as ManagerPlan;

const tidegate = createTidegate({
  store: postgresStore({ connectionString }),
  engines: [bullmqEngine({ connection: { host: "127.0.0.1", port: redisPort } })],
  operators: [noopOperator()],
  dispatcher: { maxConcurrentRuns: 2_000 },
});
tidegate.events.on("trouble", (trouble) => console.error(trouble));
await tidegate.start();

process.on("message", async (message: "memory" | { count: number; periodMs: number; startAt: number }) => {
  if (message === "memory") {
    process.send?.(process.memoryUsage.rss());
    return;
  }
  const { count, periodMs, startAt } = message;
  const every = { type: "period", every: periodMs / 1_000, unit: "second" } as const;
  const infos = Array.from({ length: count }, (_, index) => ({
    groupId: `group-${index}`,
    trigger: every,
    startTime: startAt + Math.floor((index * periodMs) / count),
  }));
  await registerAll(tidegate, infos);
  process.send?.("registered");
});
process.send?.("ready");
