import { RedisServer } from "@tidegate/test-servers";
import { measureEngine } from "./engine.js";
import type { Measured } from "./measured.js";
import { measureRaw } from "./raw-bullmq.js";

const COUNT = 20_000;
const FOR_MS = Number(process.env.BENCH_MS ?? 15_000);

/** More than either can fire, so that what is fired is what it can. */
const OVERLOAD_MS = 50;

type Measure = (redis: RedisServer, count: number, periodMs: number, forMs: number) => Promise<Measured>;

async function onFreshRedis(what: string, measure: Measure, periodMs: number): Promise<void> {
  const redis = await RedisServer.start(["--appendonly", "yes", "--appendfsync", "everysec"]);
  try {
    const measured = await measure(redis, COUNT, periodMs, FOR_MS);
    const figures = Object.entries(measured).map(
      ([name, value]) => `${name} ${Number(value.toPrecision(3))}`,
    );
    console.log(`${what}: ${figures.join(", ")}`);
  } finally {
    await redis.dispose();
  }
}

await onFreshRedis(`engine, ${COUNT} schedules of 10 s`, measureEngine, 10_000);
await onFreshRedis(`job schedulers, ${COUNT} of 10 s`, measureRaw, 10_000);
await onFreshRedis(`engine, ${COUNT} schedules of ${OVERLOAD_MS} ms`, measureEngine, OVERLOAD_MS);
await onFreshRedis(`job schedulers, ${COUNT} of 1 s`, measureRaw, 1_000);
