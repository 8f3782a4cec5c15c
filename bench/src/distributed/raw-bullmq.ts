import type { RedisServer } from "@tidegate/test-servers";
import { Queue, Worker } from "bullmq";
import { percentile } from "../figure.js";
import { sleep } from "../setup.js";
import { type Measured, spreadSchedules } from "./measured.js";

const IN_FLIGHT = 200;

/** BullMQ's own job schedulers, with one worker whose jobs end at once. */
export async function measureRaw(
  redis: RedisServer,
  count: number,
  periodMs: number,
  forMs: number,
): Promise<Measured> {
  const connection = redis.client({ maxRetriesPerRequest: null });
  const queue = new Queue("raw", { connection });
  const before = await redis.usedMemory();
  const startAt = Date.now() + 3_000 + count / 5;
  const schedules = spreadSchedules(count, periodMs, startAt);
  const options = { opts: { removeOnComplete: true, removeOnFail: true } };
  const began = performance.now();
  for (let from = 0; from < count; from += IN_FLIGHT) {
    const some = schedules.slice(from, from + IN_FLIGHT);
    await Promise.all(
      some.map(({ groupId, nextFireAt }) => {
        const repeat = { every: periodMs, startDate: nextFireAt! };
        return queue.upsertJobScheduler(groupId, repeat, options);
      }),
    );
  }
  const registrationMs = performance.now() - began;
  const bytes = (await redis.usedMemory()) - before;

  const lateness: number[] = [];
  let isMeasuring = false;
  const processor = async ({ id }: { id?: string }): Promise<void> => {
    // The scheduled time ends the id of a job scheduler's job.
    if (isMeasuring) lateness.push(Date.now() - Number(id!.slice(id!.lastIndexOf(":") + 1)));
  };
  const worker = new Worker("raw", processor, { connection, concurrency: IN_FLIGHT });
  worker.on("error", () => {});
  await sleep(Math.max(0, startAt - Date.now()) + 1_000);
  isMeasuring = true;
  await sleep(forMs);
  isMeasuring = false;
  await worker.close(true);
  await queue.close();
  connection.disconnect();
  return {
    firesPerSecond: lateness.length / (forMs / 1_000),
    p50: percentile(lateness, 0.5),
    p99: percentile(lateness, 0.99),
    registeredPerSecond: count / (registrationMs / 1_000),
    bytesPerSchedule: bytes / count,
  };
}
