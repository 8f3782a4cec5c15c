import { PostgresServer } from "@tidegate/test-servers";
import { PgBoss } from "pg-boss";
import { sleep } from "../setup.js";

const SCHEDULES = 2_000;
const QUEUE = "bench";
const LONGEST_WAIT_MS = 150_000;

/** How many jobs a second pg-boss's cron brings to their end while it works on what is due at once. */
export async function pgBossCron(settings: readonly string[]): Promise<number> {
  const postgres = await PostgresServer.start(settings);
  const boss = new PgBoss({
    connectionString: await postgres.createDatabase(),
    cronMonitorIntervalSeconds: 1,
    cronWorkerIntervalSeconds: 1,
  });
  boss.on("error", (error) => console.error(error));
  try {
    await boss.start();
    await boss.createQueue(QUEUE);
    for (let index = 0; index < SCHEDULES; index += 1) {
      await boss.schedule(QUEUE, "* * * * *", {}, { key: `group-${index}` });
    }
    const endedAt: number[] = [];
    await boss.work(QUEUE, { batchSize: 500, pollingIntervalSeconds: 0.5 }, async (jobs) => {
      for (const _ of jobs) endedAt.push(performance.now());
    });
    const giveUpAt = performance.now() + LONGEST_WAIT_MS;
    while (endedAt.length < SCHEDULES && performance.now() < giveUpAt) await sleep(100);
    // What ended with the first batch was worked on before.
    const first = endedAt[0] ?? 0;
    const later = endedAt.filter((at) => at > first + 50);
    return (later.length / (endedAt.at(-1)! - first)) * 1_000;
  } finally {
    await boss.stop({ graceful: false, close: true });
    await postgres.dispose();
  }
}
