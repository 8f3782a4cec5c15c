import type { Fire, FireResult } from "@tidegate/core/engine";
import { createEmitter } from "@tidegate/core/testing";
import { BullmqEngine } from "@tidegate/engine-bullmq";
import { percentile } from "../figure.js";
import { sleep } from "../setup.js";
import { type Measured, spreadSchedules } from "./measured.js";
import type { BenchServer } from "./servers.js";

/** The engine with one manager whose ledger answers at once. */
export async function measureEngine(
  server: BenchServer,
  count: number,
  periodMs: number,
  forMs: number,
): Promise<Measured> {
  const engine = new BullmqEngine({ connection: server.connection, prefix: "bench" });
  const before = await server.usedBytes();
  const startAt = Date.now() + 2_000 + count / 5;
  const began = performance.now();
  await engine.handleRegister(spreadSchedules(count, periodMs, startAt));
  const registrationMs = performance.now() - began;
  const bytes = (await server.usedBytes()) - before;

  const lateness: number[] = [];
  let isMeasuring = false;
  const fire = async (fires: readonly Fire[]): Promise<FireResult[]> => {
    const now = Date.now();
    if (isMeasuring) for (const { scheduledTime } of fires) lateness.push(now - scheduledTime);
    return fires.map(({ groupId, scheduledTime }) => {
      // As core does, one fire answers for all that is owed.
      const owed = Math.floor((now - scheduledTime) / periodMs) + 1;
      return { groupId, outcome: "planned", runs: [], nextFireAt: scheduledTime + owed * periodMs };
    });
  };
  const events = createEmitter();
  events.on("trouble", ({ error }) => console.error(error.message));
  await engine.start({ sink: { fire }, events, onFireMoved: () => () => {} });
  await sleep(Math.max(0, startAt - Date.now()) + 1_000);
  isMeasuring = true;
  await sleep(forMs);
  isMeasuring = false;
  await engine.stop();
  return {
    firesPerSecond: lateness.length / (forMs / 1_000),
    p50: percentile(lateness, 0.5),
    p99: percentile(lateness, 0.99),
    registeredPerSecond: count / (registrationMs / 1_000),
    bytesPerSchedule: bytes / count,
  };
}
