import { runApart } from "../apart.js";
import { atLeast, atMost, type Figure, rounded } from "../figure.js";
import { measureEngine } from "./bullmq-engine.js";
import type { Measured } from "./measured.js";
import { measureRaw } from "./raw-bullmq.js";
import { onPostgres, onRedis, startRedis } from "./servers.js";

const SCHEDULES = 20_000;
const PERIOD_MS = 10_000;
const MEASURED_MS = 12_000;

/** More than either can fire, so that what is fired is what it can. */
const OVERLOAD_MS = 50;
const RAW_OVERLOAD_MS = 1_000;

/** One worker process on BullMQ, and BullMQ's own job schedulers beside it; neither has a ledger behind it. */
export async function bullmq(): Promise<Figure[]> {
  const redis = measure("redis", PERIOD_MS);
  const postgres = measure("postgres", PERIOD_MS);
  const raw = measure("raw", PERIOD_MS);
  const redisMost = measure("redis", OVERLOAD_MS);
  const postgresMost = measure("postgres", OVERLOAD_MS);
  const rawMost = measure("raw", RAW_OVERLOAD_MS);
  const rawLateness = {
    what: "BullMQ's job schedulers on Redis at the same rate, p99 (ms)",
    value: rounded(raw.p99),
  };
  const rawThroughput = {
    what: "BullMQ's job schedulers on Redis (fires/s)",
    value: rounded(rawMost.firesPerSecond),
  };
  const load = `${SCHEDULES} schedules every ${PERIOD_MS / 1_000} s (2,000 fires/s), one worker`;
  return [
    atMost(100, {
      id: "bullmq-lateness",
      what: `${load}: lateness p99 (p50 ${rounded(redis.p50)} ms)`,
      value: rounded(redis.p99),
      unit: "ms",
      reference: rawLateness,
    }),
    atLeast(5, {
      id: "bullmq-throughput",
      what: `the most fires/s of one worker (${rounded(redisMost.firesPerSecond)}) over those of job schedulers`,
      value: rounded(redisMost.firesPerSecond / rawMost.firesPerSecond),
      unit: "times",
      reference: rawThroughput,
    }),
    atMost(rounded(raw.bytesPerSchedule), {
      id: "bullmq-memory",
      what: "memory of Redis for each schedule",
      value: rounded(redis.bytesPerSchedule),
      unit: "B",
      reference: { what: "BullMQ's job schedulers (B)", value: rounded(raw.bytesPerSchedule) },
    }),
    atLeast(20_000, {
      id: "bullmq-register",
      what: `${SCHEDULES} schedules registered in bulk`,
      value: rounded(redis.registeredPerSecond),
      unit: "schedules/s",
      reference: {
        what: "upsertJobScheduler, 200 in flight (schedules/s)",
        value: rounded(raw.registeredPerSecond),
      },
    }),
    atMost(100, {
      id: "bullmq-pg-lateness",
      what: `on Postgres in the place of Redis, ${load}: lateness p99 (p50 ${rounded(postgres.p50)} ms)`,
      value: rounded(postgres.p99),
      unit: "ms",
      reference: rawLateness,
    }),
    atLeast(2, {
      id: "bullmq-pg-most",
      what: `on Postgres, the most fires/s of one worker (${rounded(postgresMost.firesPerSecond)}) over those of job schedulers`,
      value: rounded(postgresMost.firesPerSecond / rawMost.firesPerSecond),
      unit: "times",
      reference: rawThroughput,
    }),
  ];
}

function measure(which: "redis" | "postgres" | "raw", periodMs: number): Measured {
  return runApart<Measured>(`bullmq:${which}`, String(periodMs));
}

/** What is measured in processes of their own. */
export const BULLMQ_TASKS: Readonly<Record<string, (...args: string[]) => Promise<Measured>>> = {
  "bullmq:redis": (periodMs) => onFresh(onRedis, measureEngine, Number(periodMs)),
  "bullmq:postgres": (periodMs) => onFresh(onPostgres, measureEngine, Number(periodMs)),
  "bullmq:raw": (periodMs) => onFresh(startRedis, measureRaw, Number(periodMs)),
};

type Measure<Server> = (server: Server, count: number, periodMs: number, forMs: number) => Promise<Measured>;

async function onFresh<Server extends { dispose(): Promise<void> }>(
  start: () => Promise<Server>,
  measureOn: Measure<Server>,
  periodMs: number,
): Promise<Measured> {
  const server = await start();
  try {
    return await measureOn(server, SCHEDULES, periodMs, MEASURED_MS);
  } finally {
    await server.dispose();
  }
}
