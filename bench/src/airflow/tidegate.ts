import { createTidegate, MemoryStore, type NewRun, type ScheduleInfo } from "@tidegate/core";
import { AirflowEngine } from "@tidegate/engine-airflow";
import { createManager } from "@tidegate/manager";
import { type AirflowServer, freePort } from "@tidegate/test-servers";
import { noopOperator, registerAll, sleep, waitUntil } from "../setup.js";
import { type Airflow, MEASURED_MS, PROBE_PERIOD_S, PROBES, STEPS, type Step } from "./step.js";

const SECRET = `whsec_${Buffer.alloc(32, "tidegate").toString("base64")}`;
const DAY = 86_400_000;

/** What a machine that is busy takes is to be measured, not refused, ms. */
const PATIENCE = { dagFactoryTimeoutMs: 120_000, requestTimeoutMs: 60_000 };

/** A manager around the engine, whose watchdog sleeps. Its ledger is in memory, so that all that is late is Airflow. */
export async function measureTidegate(server: AirflowServer, airflow: Airflow): Promise<Step[]> {
  const { url, username, password } = server;
  const port = await freePort();
  const callback = { url: `http://127.0.0.1:${port}/engines/airflow/callbacks`, secret: SECRET };
  const tidegate = createTidegate({
    store: new MemoryStore(),
    engines: [new AirflowEngine({ url, username, password, callback, ...PATIENCE })],
    operators: [noopOperator()],
    watchdogEveryMs: 365 * DAY,
    reconcileEveryMs: 365 * DAY,
  });
  tidegate.events.on("trouble", (trouble) => console.error(trouble));
  const manager = createManager({ tidegate, callbacks: { airflow: { secret: SECRET } }, logger: false });
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
    await tidegate.client.register(dueAtOnce(count));
    await waitUntil(() => planned.some(({ groupId }) => groupId === `first-${count}`), "the first callback");
    const firstMs = Date.now() - firstAt;
    const measuredFrom = Date.now();
    await sleep(MEASURED_MS);
    const lateness = planned
      .filter(({ scheduledTime }) => scheduledTime >= measuredFrom)
      .map(({ plannedAt, scheduledTime }) => plannedAt - scheduledTime);
    steps.push({ activeMs, firstMs, lateness, parseMs: (await airflow.parseMs("tidegate.factory"))! });
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

/** One whose first interval is over. */
function dueAtOnce(count: number): ScheduleInfo {
  const startTime = Math.floor(Date.now() / DAY) * DAY - DAY;
  const trigger = { type: "period", every: 1, unit: "day" } as const;
  return { groupId: `first-${count}`, trigger, startTime, engineGraceMs: DAY };
}
