import { PostgresServer } from "@tidegate/test-servers";
import { atLeast, type Figure, rounded } from "../figure.js";
import { POSTGRES_SETTINGS } from "../postgres-settings.js";
import { sleep } from "../setup.js";
import { cpuSeconds } from "./cpu.js";
import { Managers } from "./managers.js";
import { type QueueName, QueueProcesses } from "./queue-processes.js";
import { startRedis } from "./servers.js";

const SECOND_MS = 1_000;
const WARM_UP_MS = 3_000;

/** How long jobs of queues are counted, and runs at each rate. */
const QUEUE_SECONDS = 10;
const RATE_SECONDS = 6;

/** The first rate of runs that is offered, and the factor to the next. */
const LOWEST = 4_000;
const STEP = 1.2;

/** The search ends when this many higher rates in turn have not had more runs carried out, by this factor. */
const FAILURES = 2;
const GROWTH = 1.03;

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
  /** Returns how many have succeeded so far. */
  count(): Promise<number>;
  pids(): readonly number[];
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
      const jobs: Lives[] = [];
      for (const queue of QUEUES) jobs.push(await jobsOf(server, queue, processes));
      const lives = await livesOf(server, processes);
      const fastest = Math.max(...jobs.map(({ perSecond }) => perSecond));
      const others = QUEUES.map((queue, index) => `${queue} ${textOf(jobs[index]!)}`).join("; ");
      const managers = processes === 1 ? "one manager" : "two managers";
      figures.push(
        atLeast(processes === 1 ? 0.5 : 1, {
          id: `postgres-lives-${processes}`,
          what: `whole durable lives of runs at the peak, ${managers}: ${textOf(lives)}; over jobs of the faster plain queue`,
          value: rounded(lives.perSecond / fastest),
          unit: "times",
          reference: { what: `jobs/s; ${others}; as many processes`, value: rounded(fastest) },
        }),
      );
    }
    return figures;
  } finally {
    await server.dispose();
  }
}

/** Counts for a while what is carried out. */
async function measured(server: PostgresServer, working: Working, seconds: number): Promise<Lives> {
  const state = async () => ({
    at: performance.now(),
    server: (await server.pids()).reduce((sum, pid) => sum + cpuSeconds(pid), 0),
    others: working.pids().reduce((sum, pid) => sum + cpuSeconds(pid), 0),
  });
  // Counting runs takes the server a while: that time is in neither difference.
  const counted = await working.count();
  const before = await state();
  await sleep(seconds * SECOND_MS);
  const after = await state();
  const count = (await working.count()) - counted;
  return {
    perSecond: (count / (after.at - before.at)) * 1_000,
    serverUs: ((after.server - before.server) / count) * 1e6,
    othersUs: ((after.others - before.others) / count) * 1e6,
  };
}

function textOf({ perSecond, serverUs, othersUs }: Lives): string {
  return `${rounded(perSecond)}/s, each ${rounded(serverUs)} us of Postgres and ${rounded(othersUs)} us of others`;
}

async function jobsOf(server: PostgresServer, queue: QueueName, count: number): Promise<Lives> {
  const processes = new QueueProcesses();
  try {
    await processes.start(count, queue, await server.createDatabase());
    await sleep(WARM_UP_MS);
    const working = { count: () => processes.carriedOut(), pids: () => processes.pids };
    const lives = await measured(server, working, QUEUE_SECONDS);
    process.stderr.write(`${queue}, ${count} processes: ${textOf(lives)}\n`);
    return lives;
  } finally {
    await processes.stop();
  }
}

/**
 * Returns the lives of runs at the peak: more and more schedules fire once a second, until no more is carried out. The
 * managers share the firing through BullMQ.
 */
async function livesOf(server: PostgresServer, count: number): Promise<Lives> {
  const connectionString = await server.createDatabase();
  const redis = await startRedis();
  const managers = new Managers();
  try {
    await managers.start(count, { connectionString, redisPort: redis.port });
    const working = {
      count: async () => {
        const text = "SELECT count(*) AS runs FROM tidegate.run WHERE state = 'SUCCEEDED'";
        const [row] = await server.query<{ runs: string }>(text, connectionString);
        return Number(row?.runs);
      },
      pids: () => [...managers.pids, redis.pid!],
    };
    let known = 0;
    let best: Lives | undefined;
    let failures = 0;
    for (let offered = LOWEST; ; offered = Math.round(offered * STEP)) {
      const startAt = Math.ceil(Date.now() / SECOND_MS) * SECOND_MS + SECOND_MS;
      await managers.register(offered - known, SECOND_MS, startAt, known);
      known = offered;
      await sleep(Math.max(0, startAt - Date.now()) + WARM_UP_MS);
      const lives = await measured(server, working, RATE_SECONDS);
      process.stderr.write(`${count} managers, ${offered}/s offered: ${textOf(lives)}\n`);
      failures = best !== undefined && lives.perSecond < best.perSecond * GROWTH ? failures + 1 : 0;
      if (best === undefined || lives.perSecond > best.perSecond) best = lives;
      if (failures === FAILURES) return best;
    }
  } finally {
    await managers.stop();
    await redis.dispose();
  }
}
