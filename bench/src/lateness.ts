import { join } from "node:path";
import { SqliteStore } from "@tidegate/store-sqlite";
import { atMost, type Figure, percentile, rounded } from "./figure.js";
import { assemble, noopOperator, registerAll, sleep, temporaryDirectory } from "./setup.js";

const SCHEDULES = 20_000;
const PERIOD_S = 10;
const MEASURED_MS = 20_000;
const BURST = 10_000;

/** How late fires are planned durably: 20,000 schedules spread over 10 s. */
export async function lateness(): Promise<Figure[]> {
  const timers = await bareTimers(SCHEDULES / PERIOD_S, (index) => (index * 1_000 * PERIOD_S) / SCHEDULES);
  const late = await plannedLateness(
    SCHEDULES,
    PERIOD_S,
    (index) => Math.floor((index * PERIOD_S * 1_000) / SCHEDULES),
    MEASURED_MS,
  );
  return [
    atMost(10, {
      id: "lateness",
      what: `${SCHEDULES} schedules every ${PERIOD_S} s (2,000 fires/s), each planned durably: lateness p99 (p50 ${rounded(percentile(late, 0.5))} ms)`,
      value: rounded(percentile(late, 0.99)),
      unit: "ms",
      reference: {
        what: "bare setTimeout at the same rate, nothing durable, p99 (ms)",
        value: rounded(percentile(timers, 0.99)),
      },
    }),
  ];
}

/** 10,000 schedules due in the same second. */
export async function burst(): Promise<Figure[]> {
  const timers = await bareTimers(BURST, () => 0);
  const late = await plannedLateness(BURST, 3_600, () => 0, 5_000);
  const lost = BURST - late.length;
  const reference = {
    what: "bare setTimeout, 10,000 at one instant, nothing durable, p99 (ms)",
    value: rounded(percentile(timers, 0.99)),
  };
  return [
    atMost(1_000, {
      id: "burst",
      what: `${BURST} schedules due at one instant: lateness p99 of their durable plans`,
      value: rounded(percentile(late, 0.99)),
      unit: "ms",
      reference,
    }),
    atMost(0, {
      id: "burst-lost",
      what: "the same: lost or doubled fires",
      value: Math.abs(lost),
      unit: "fires",
      reference,
    }),
  ];
}

async function plannedLateness(
  schedules: number,
  periodS: number,
  phaseMs: (index: number) => number,
  measuredMs: number,
): Promise<number[]> {
  const directory = temporaryDirectory();
  const tidegate = assemble(new SqliteStore({ path: join(directory.path, "tidegate.db") }), noopOperator());
  await tidegate.start();
  const start = Math.floor(Date.now() / 1_000) * 1_000 + 4_000 - periodS * 1_000;
  await registerAll(
    tidegate,
    Array.from({ length: schedules }, (_, index) => {
      const anchor = start + phaseMs(index);
      return {
        groupId: `group-${index}`,
        trigger: { type: "period", every: periodS, unit: "second", anchor },
        startTime: anchor,
      };
    }),
  );
  const late: number[] = [];
  await sleep(Math.max(0, start + periodS * 1_000 - 500 - Date.now()));
  tidegate.events.on("runs-planned", (runs) => {
    const now = Date.now();
    for (const run of runs) late.push(now - run.scheduledTime);
  });
  await sleep(measuredMs);
  await tidegate.stop();
  directory.remove();
  return late;
}

async function bareTimers(count: number, delayMs: (index: number) => number): Promise<number[]> {
  const start = Date.now() + 500;
  const late: number[] = [];
  await new Promise<void>((resolve) => {
    for (let index = 0; index < count; index += 1) {
      const due = start + delayMs(index);
      setTimeout(() => {
        late.push(Date.now() - due);
        if (late.length === count) resolve();
      }, due - Date.now());
    }
  });
  return late;
}
