import { PostgresServer } from "@tidegate/test-servers";
import { atLeast, type Figure, rounded } from "../figure.js";
import { sleep } from "../setup.js";
import { cpuSeconds } from "./cpu.js";
import { Managers } from "./managers.js";
import { type QueueName, QueueProcesses } from "./queue-processes.js";
import { POSTGRES_SETTINGS, startRedis } from "./servers.js";

/** Each fires once a second: more than can be carried out, so that the processors limit the rate. */
const SCHEDULES = Number(process.env.TIDEGATE_BENCH_SCHEDULES ?? 12_000);
const WARM_UP_MS = 4_000;
const SECONDS = 12;

const QUEUES: readonly QueueName[] = ["graphile-worker", "pg-boss"];

/** A rate, and the processor time behind it. */
interface Lives {
  readonly perSecond: number;
  /** Processor time of Postgres for each run or job, us. */
  readonly serverUs: number;
  /** Processor time of all other processes for each, us. */
  readonly othersUs: number;
}

/** Processes that carry out runs or jobs. */
interface Working {
  /** How many have succeeded so far. */
  count(): Promise<number>;
  pids(): Promise<number[]> | number[];
  stop(): Promise<void>;
}

/**
 * Whole lives of runs, with one manager and with two, beside plain job queues that add, fetch and complete jobs in
 * batches: all on the same server, one after the other.
 */
export async function postgresLives(): Promise<Figure[]> {
  const server = await PostgresServer.start(POSTGRES_SETTINGS);
  const figures: Figure[] = [];
  try {
    for (const processes of [1, 2]) {
      const queues: Record<string, Lives> = {};
      for (const queue of QUEUES) {
        queues[queue] = await measured(`${queue}, ${processes}`, server, (url) =>
          queueOn(url, queue, processes),
        );
      }
      const lives = await measured(`Tidegate, ${processes}`, server, (url) =>
        managersOn(server, url, processes),
      );
      const rates = QUEUES.map((queue) => queues[queue]!.perSecond);
      const others = QUEUES.map((queue, index) => `${queue} ${rounded(rates[index]!)}/s`).join(", ");
      const managers = processes === 1 ? "one manager" : "two managers";
      figures.push(
        atLeast(processes === 1 ? 0.5 : 1, {
          id: `postgres-lives-${processes}`,
          what: `whole durable lives of runs, ${managers} (${rounded(lives.perSecond)}/s; ${rounded(lives.serverUs)} us of Postgres each), over jobs of the faster plain queue`,
          value: rounded(lives.perSecond / Math.max(...rates)),
          unit: "times",
          reference: { what: `jobs/s; ${others}, as many processes`, value: rounded(Math.max(...rates)) },
        }),
      );
    }
    return figures;
  } finally {
    await server.dispose();
  }
}

async function measured(
  what: string,
  server: PostgresServer,
  start: (connectionString: string) => Promise<Working>,
): Promise<Lives> {
  const working = await start(await server.createDatabase());
  try {
    await sleep(WARM_UP_MS);
    const state = async () => ({
      at: performance.now(),
      count: await working.count(),
      server: (await server.pids()).reduce((sum, pid) => sum + cpuSeconds(pid), 0),
      others: (await working.pids()).reduce((sum, pid) => sum + cpuSeconds(pid), 0),
    });
    const before = await state();
    await sleep(SECONDS * 1_000);
    const after = await state();
    const count = after.count - before.count;
    const lives = {
      perSecond: (count / (after.at - before.at)) * 1_000,
      serverUs: ((after.server - before.server) / count) * 1e6,
      othersUs: ((after.others - before.others) / count) * 1e6,
    };
    process.stderr.write(
      `${what}: ${Math.round(lives.perSecond)}/s, us for each: Postgres ${Math.round(lives.serverUs)}, others ${Math.round(lives.othersUs)}\n`,
    );
    return lives;
  } finally {
    await working.stop();
  }
}

async function queueOn(connectionString: string, queue: QueueName, count: number): Promise<Working> {
  const processes = new QueueProcesses();
  await processes.start(count, queue, connectionString);
  return {
    count: () => processes.carriedOut(),
    pids: () => processes.pids,
    stop: () => processes.stop(),
  };
}

/** Managers that share the firing through BullMQ. */
async function managersOn(server: PostgresServer, connectionString: string, count: number): Promise<Working> {
  const redis = await startRedis();
  const managers = new Managers();
  await managers.start(count, { connectionString, redisPort: redis.port });
  const startAt = Math.floor(Date.now() / 1_000) * 1_000 + 3_000;
  await managers.register(SCHEDULES, 1_000, startAt);
  await sleep(Math.max(0, startAt - Date.now()));
  return {
    count: async () => {
      const text = "SELECT count(*) AS runs FROM tidegate.run WHERE state = 'SUCCEEDED'";
      const [row] = await server.query<{ runs: string }>(text, connectionString);
      return Number(row?.runs);
    },
    pids: () => [...managers.pids, redis.pid!],
    stop: async () => {
      await managers.stop();
      await redis.dispose();
    },
  };
}
