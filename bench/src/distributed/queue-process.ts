// A process that adds jobs to a plain job queue and carries them out, without end; started by `QueueProcesses`.
import { Logger, makeWorkerUtils, run } from "graphile-worker";
import { PgBoss } from "pg-boss";
import type { QueueName } from "./queue-processes.js";

/** Jobs are added so many at once, as long as fewer than `LONGEST` of this process wait. */
const BATCH = 1_000;
const LONGEST = 4_000;

/** Jobs in one call of each of pg-boss's workers. */
const FETCHED = 1_000;
const WORKERS = 2;

/** How many jobs this process has added, and how many of them or of others it has carried out. */
let added = 0;
let carriedOut = 0;

const [queue, connectionString] = process.argv.slice(2) as [QueueName, string];

/** It would write a line for each job. */
const silent = new Logger(() => () => {});

/** Jobs are fetched and completed in batches, as in its own performance test. */
async function graphileWorker(): Promise<(count: number) => Promise<unknown>> {
  await run({
    preset: {
      worker: {
        connectionString,
        logger: silent,
        concurrentJobs: 24,
        maxPoolSize: 26,
        pollInterval: 100,
        useNodeTime: true,
        localQueue: { size: 1_000, refetchDelay: { durationMs: 10 } },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      },
    },
    taskList: {
      noop: () => {
        carriedOut += 1;
      },
    },
  });
  const utils = await makeWorkerUtils({ connectionString, logger: silent });
  return (count) =>
    utils.addJobs(Array.from({ length: count }, () => ({ identifier: "noop", payload: { id: "orders" } })));
}

async function pgBoss(): Promise<(count: number) => Promise<unknown>> {
  const boss = new PgBoss({ connectionString, max: 10 });
  boss.on("error", (error) => console.error(error));
  await boss.start();
  await boss.createQueue("noop");
  const work = async (): Promise<never> => {
    for (;;) {
      const jobs = await boss.fetch("noop", { batchSize: FETCHED });
      if (jobs.length === 0) await pause(5);
      else
        await boss.complete(
          "noop",
          jobs.map(({ id }) => id),
        );
      carriedOut += jobs.length;
    }
  };
  for (let worker = 0; worker < WORKERS; worker += 1) void work();
  return (count) =>
    boss.insert(
      "noop",
      Array.from({ length: count }, () => ({ data: { id: "orders" } })),
    );
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const add = await (queue === "graphile-worker" ? graphileWorker() : pgBoss());
process.on("message", () => process.send?.(carriedOut));
process.send?.("ready");
for (;;) {
  if (added - carriedOut >= LONGEST) {
    await pause(1);
    continue;
  }
  await add(BATCH);
  added += BATCH;
}
