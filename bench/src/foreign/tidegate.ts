import { createTidegate, type ScheduleInfo } from "@tidegate/core";
import type { ScheduleEngine } from "@tidegate/core/engine";
import type { NewRun } from "@tidegate/core/store";
import { MemoryStore } from "@tidegate/core/testing";
import { createManager } from "@tidegate/manager";
import { freePort } from "@tidegate/test-servers";
import { noopOperator, registerAll, sleep, waitUntil } from "../setup.js";
import { MEASURED_MS, PROBE_PERIOD_S, PROBES, STEPS, type Step } from "./step.js";

/** What callbacks are signed with. */
export const SECRET = `whsec_${Buffer.alloc(32, "tidegate").toString("base64")}`;
const DAY = 86_400_000;

/** What is measured, and how. */
export interface Measurement {
  /** By which the door knows the engine. */
  readonly engineType: string;
  /** The engine whose callbacks come to an address. */
  engineAt(callbackUrl: string): ScheduleEngine;
  /** One more schedule, of which the first callback is waited for; then it is taken away. */
  first(count: number): ScheduleInfo;
  /** Looks at something else when a step has been measured. */
  afterStep?(): Promise<void>;
}

/**
 * A manager around an engine, whose watchdog sleeps. Its ledger is in memory, so that all that is late is the scheduler
 * outside.
 */
export async function measureTidegate(measurement: Measurement): Promise<Step[]> {
  const { engineType, engineAt, first, afterStep } = measurement;
  const port = await freePort();
  const engine = engineAt(`http://127.0.0.1:${port}/engines/${engineType}/callbacks`);
  const tidegate = createTidegate({
    store: new MemoryStore(),
    engines: [engine],
    operators: [noopOperator()],
    watchdogEveryMs: 365 * DAY,
    reconcileEveryMs: 365 * DAY,
  });
  tidegate.events.on("trouble", (trouble) => console.error(trouble));
  const manager = createManager({ tidegate, callbacks: { [engineType]: { secret: SECRET } }, logger: false });
  await manager.listen({ port });
  const planned: NewRun[] = [];
  tidegate.events.on("runs-planned", (runs) => planned.push(...runs));
  const steps: Step[] = [];
  let there = 0;
  for (const count of STEPS) {
    const began = Date.now();
    await registerAll(tidegate, schedules(there, count));
    const activeMs = Date.now() - began;
    const firstAt = Date.now();
    const one = first(count);
    await tidegate.client.register({ ...one, engineGraceMs: DAY });
    await waitUntil(() => planned.some(({ groupId }) => groupId === one.groupId), "the first callback");
    const firstMs = Date.now() - firstAt;
    await tidegate.client.unregister(one.groupId);
    const measuredFrom = Date.now();
    await sleep(MEASURED_MS);
    const lateness = planned
      .filter(({ scheduledTime }) => scheduledTime >= measuredFrom)
      .map(({ plannedAt, scheduledTime }) => plannedAt - scheduledTime);
    steps.push({ activeMs, firstMs, lateness });
    await afterStep?.();
    there = count;
  }
  await manager.close();
  return steps;
}

/** The schedules from one number to another: first those that are measured, each at a time of its own. */
function schedules(from: number, to: number): ScheduleInfo[] {
  return Array.from({ length: to - from }, (_, index) => {
    const n = from + index;
    const startTime = Math.ceil(Date.now() / DAY) * DAY + 100 * DAY + n * 1_000;
    if (n >= PROBES)
      return { groupId: `idle-${n}`, trigger: { type: "period", every: 1, unit: "day" }, startTime };
    const phase = (PROBE_PERIOD_S / PROBES) * 1_000 * n;
    const soon = Math.floor(Date.now() / 20_000) * 20_000 + phase;
    const trigger = { type: "period", every: PROBE_PERIOD_S, unit: "second" } as const;
    return { groupId: `probe-${n}`, trigger, startTime: soon, engineGraceMs: DAY };
  });
}
