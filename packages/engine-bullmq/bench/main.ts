import { measureEngine } from "./engine.js";
import type { Measured } from "./measured.js";
import { measureRaw } from "./raw-bullmq.js";
import { onPostgres, onRedis, startRedis } from "./servers.js";

const COUNT = 20_000;
const FOR_MS = Number(process.env.BENCH_MS ?? 15_000);

/** More than either can fire, so that what is fired is what it can. */
const OVERLOAD_MS = 50;

interface Disposable {
  dispose(): Promise<void>;
}

type Measure<Server> = (server: Server, count: number, periodMs: number, forMs: number) => Promise<Measured>;

async function onFresh<Server extends Disposable>(
  start: () => Promise<Server>,
  what: string,
  measure: Measure<Server>,
  periodMs: number,
): Promise<void> {
  const server = await start();
  try {
    const measured = await measure(server, COUNT, periodMs, FOR_MS);
    const figures = Object.entries(measured).map(
      ([name, value]) => `${name} ${Number(value.toPrecision(3))}`,
    );
    console.log(`${what}: ${figures.join(", ")}`);
  } finally {
    await server.dispose();
  }
}

for (const [name, start] of [
  ["Redis", onRedis],
  ["Postgres", onPostgres],
] as const) {
  await onFresh(start, `engine on ${name}, ${COUNT} schedules of 10 s`, measureEngine, 10_000);
  await onFresh(
    start,
    `engine on ${name}, ${COUNT} schedules of ${OVERLOAD_MS} ms`,
    measureEngine,
    OVERLOAD_MS,
  );
}
await onFresh(startRedis, `job schedulers, ${COUNT} of 10 s`, measureRaw, 10_000);
await onFresh(startRedis, `job schedulers, ${COUNT} of 1 s`, measureRaw, 1_000);
