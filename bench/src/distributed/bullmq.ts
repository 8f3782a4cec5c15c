import { RedisServer } from "@tidegate/test-servers";
import { runApart } from "../apart.js";
import { atLeast, atMost, type Figure, rounded } from "../figure.js";
import { measureEngine } from "./bullmq-engine.js";
import type { Measured } from "./measured.js";
import { measureRaw } from "./raw-bullmq.js";

const SCHEDULES = 20_000;
const PERIOD_MS = 10_000;
const MEASURED_MS = 12_000;

/** More than either can fire, so that what is fired is what it can. */
const OVERLOAD_MS = 50;
const RAW_OVERLOAD_MS = 1_000;

/** One worker process on BullMQ, and BullMQ's own job schedulers beside it; neither has a ledger behind it. */
export async function bullmq(): Promise<Figure[]> {
  const engine = measure("engine", PERIOD_MS);
  const raw = measure("raw", PERIOD_MS);
  const engineMost = measure("engine", OVERLOAD_MS);
  const rawMost = measure("raw", RAW_OVERLOAD_MS);
  return [
    atMost(100, {
      id: "bullmq-lateness",
      what: `${SCHEDULES} schedules every ${PERIOD_MS / 1_000} s (2,000 fires/s), one worker: lateness p99 (p50 ${rounded(engine.p50)} ms)`,
      value: rounded(engine.p99),
      unit: "ms",
      reference: { what: "BullMQ's job schedulers at the same rate, p99 (ms)", value: rounded(raw.p99) },
    }),
    atLeast(5, {
      id: "bullmq-throughput",
      what: `the most fires/s of one worker (${rounded(engineMost.firesPerSecond)}) over those of job schedulers`,
      value: rounded(engineMost.firesPerSecond / rawMost.firesPerSecond),
      unit: "times",
      reference: { what: "BullMQ's job schedulers (fires/s)", value: rounded(rawMost.firesPerSecond) },
    }),
    atMost(rounded(raw.bytesPerSchedule), {
      id: "bullmq-memory",
      what: "memory of Redis for each schedule",
      value: rounded(engine.bytesPerSchedule),
      unit: "B",
      reference: { what: "BullMQ's job schedulers (B)", value: rounded(raw.bytesPerSchedule) },
    }),
    atLeast(20_000, {
      id: "bullmq-register",
      what: `${SCHEDULES} schedules registered in bulk`,
      value: rounded(engine.registeredPerSecond),
      unit: "schedules/s",
      reference: {
        what: "upsertJobScheduler, 200 in flight (schedules/s)",
        value: rounded(raw.registeredPerSecond),
      },
    }),
  ];
}

function measure(which: "engine" | "raw", periodMs: number): Measured {
  return runApart<Measured>(`bullmq:${which}`, String(periodMs));
}

/** What is measured in processes of their own. */
export const BULLMQ_TASKS: Readonly<Record<string, (...args: string[]) => Promise<Measured>>> = {
  "bullmq:engine": (periodMs) => onFreshRedis(measureEngine, Number(periodMs)),
  "bullmq:raw": (periodMs) => onFreshRedis(measureRaw, Number(periodMs)),
};

type Measure = (redis: RedisServer, count: number, periodMs: number, forMs: number) => Promise<Measured>;

async function onFreshRedis(measure: Measure, periodMs: number): Promise<Measured> {
  const redis = await RedisServer.start(["--appendonly", "yes", "--appendfsync", "everysec"]);
  try {
    return await measure(redis, SCHEDULES, periodMs, MEASURED_MS);
  } finally {
    await redis.dispose();
  }
}
