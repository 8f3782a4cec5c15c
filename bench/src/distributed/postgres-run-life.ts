import { PostgresServer, RedisServer } from "@tidegate/test-servers";
import { runApart } from "../apart.js";
import { atLeast, type Figure, rounded } from "../figure.js";
import { sleep } from "../setup.js";
import { Managers } from "./managers.js";
import type { Measured } from "./measured.js";
import { pgBossCron } from "./pg-boss.js";

const GOAL = 5_000;
const SCHEDULES = 8_000;
const SECONDS = 20;

/** As a production server has it, but for the memory: everything that was acknowledged is on the disk. */
export const POSTGRES_SETTINGS = ["shared_buffers=512MB", "max_wal_size=4GB", "checkpoint_timeout=15min"];

/** Whole lives of runs: two managers share the firing through BullMQ and the ledger through Postgres. */
export async function postgresRunLife(): Promise<Figure[]> {
  const pgBoss = runApart<number>("postgres:pg-boss");
  const raw = runApart<Measured>("bullmq:raw", "1000");
  const postgres = await PostgresServer.start(POSTGRES_SETTINGS);
  const redis = await RedisServer.start(["--appendonly", "yes"]);
  const managers = new Managers();
  try {
    const connectionString = await postgres.createDatabase();
    await managers.start(2, { connectionString, redisPort: redis.port });
    const startAt = Math.floor(Date.now() / 1_000) * 1_000 + 5_000;
    await managers.register(SCHEDULES, 1_000, startAt);
    await sleep(Math.max(0, startAt + 3_000 - Date.now()));
    const succeeded = async (): Promise<number> => {
      const text = "SELECT count(*) AS runs FROM tidegate.run WHERE state = 'SUCCEEDED'";
      const [row] = await postgres.query<{ runs: string }>(text, connectionString);
      return Number(row?.runs);
    };
    const before = await succeeded();
    const began = performance.now();
    await sleep(SECONDS * 1_000);
    const perSecond = (((await succeeded()) - before) / (performance.now() - began)) * 1_000;
    return [
      atLeast(GOAL, {
        id: "postgres-run-life",
        what: `whole durable lives of runs, two managers, ${SECONDS} s, ${SCHEDULES} schedules offering ${SCHEDULES}/s`,
        value: rounded(perSecond),
        unit: "runs/s",
        reference: {
          what: `pg-boss cron, one process (jobs/s); raw BullMQ job schedulers, nothing in a ledger: ${rounded(raw.firesPerSecond)}/s`,
          value: rounded(pgBoss),
        },
      }),
    ];
  } finally {
    await managers.stop();
    await redis.dispose();
    await postgres.dispose();
  }
}

/** What is measured in processes of their own. */
export const POSTGRES_TASKS: Readonly<Record<string, () => Promise<number>>> = {
  "postgres:pg-boss": () => pgBossCron(POSTGRES_SETTINGS),
};
