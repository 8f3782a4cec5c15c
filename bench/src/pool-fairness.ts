import { join } from "node:path";
import { normalizeSchedule, parseScheduleInfo } from "@tidegate/core/schema";
import { type ClaimedRun, type NewRun, runId, type ScheduleStore } from "@tidegate/core/store";
import { SqliteStore } from "@tidegate/store-sqlite";
import { atMost, type Figure, percentile, rounded } from "./figure.js";
import { newRun } from "./new-run.js";
import { temporaryDirectory } from "./setup.js";

/** One tenant has this many runs, and each of the others a few. */
const MANY = 100_000;
const FEW = 10;
const TENANTS = 100;
const SLOTS = 10;
const BATCH = 5_000;
const MINUTE_MS = 60_000;
const START = Date.UTC(2026, 0, 1);
const OPERATOR = "noop";

/**
 * How long the runs of small tenants wait in a pool, as a multiple of their fair share's, and what a claim costs
 * while 100,000 runs wait. Each run takes one round.
 */
export async function poolFairness(): Promise<Figure[]> {
  const directory = temporaryDirectory();
  const store = new SqliteStore({ path: join(directory.path, "pool.db"), synchronous: "normal" });
  await store.open();
  await store.setPool({
    name: "warehouse",
    slots: SLOTS,
    perSecond: null,
    backfillShare: 0.5,
    reserveAfterMs: 30_000,
  });
  await plan(store, "tenant-0", MANY, START);
  for (let tenant = 1; tenant < TENANTS; tenant += 1)
    await plan(store, `tenant-${tenant}`, FEW, START + tenant);
  const { ratios, millis } = await serve(store);
  await store.close();
  directory.remove();
  const reference = { what: "runs that wait, of one tenant", value: MANY };
  return [
    atMost(2, {
      id: "pool-fairness",
      what: `longest wait of ${TENANTS - 1} small tenants, as a multiple of a fair share's`,
      value: rounded(Math.max(...ratios)),
      unit: "times",
      reference,
    }),
    atMost(10, {
      id: "pool-claim",
      what: `a claim from a pool for which ${TENANTS} tenants wait, median`,
      value: rounded(percentile(millis, 0.5)),
      unit: "ms",
      reference,
    }),
  ];
}

/** Claims and ends runs, a round after the other, until the small tenants have none. */
async function serve(store: ScheduleStore): Promise<{ ratios: number[]; millis: number[] }> {
  const served = new Map<string, number>();
  const ratios: number[] = [];
  const millis: number[] = [];
  for (let round = 1, left = (TENANTS - 1) * FEW; left > 0; round += 1) {
    const now = START + round * MINUTE_MS;
    const began = performance.now();
    const claimed = await store.claim({
      owner: "bench",
      operators: [OPERATOR],
      now,
      leaseUntil: now + MINUTE_MS,
      limit: 256,
    });
    millis.push(performance.now() - began);
    for (const { run } of claimed) {
      if (run.groupId === "tenant-0") continue;
      const nth = (served.get(run.groupId) ?? 0) + 1;
      served.set(run.groupId, nth);
      ratios.push(round / Math.ceil((nth * TENANTS) / SLOTS));
      left -= 1;
    }
    await store.changeRuns(claimed.map((one) => ending(one, now)));
  }
  return { ratios, millis };
}

function ending({ run, token }: ClaimedRun, at: number) {
  return { id: run.id, from: ["SUBMITTING"], token, state: "SUCCEEDED", at, endedAt: at } as const;
}

/** Registers a tenant's group and plans runs of it beside its lane, as a person does. */
async function plan(store: ScheduleStore, groupId: string, count: number, plannedAt: number): Promise<void> {
  const trigger = { type: "period", every: 1, unit: "minute" } as const;
  const info = { groupId, trigger, startTime: START, pool: "warehouse", labels: { tenant: groupId } };
  const spec = normalizeSchedule(parseScheduleInfo(info), { engine: "none", operator: OPERATOR, now: START });
  const at = { origin: START, watermark: START, nextFireAt: null, createdAt: START };
  await store.insertSchedules([
    { spec, status: "REGISTERED", incarnation: "", laneWidth: 1, tzdata: "", ...at },
  ]);
  for (let first = 0; first < count; first += BATCH) {
    const length = Math.min(BATCH, count - first);
    await store.insertRuns(Array.from({ length }, (_, index) => aRun(groupId, first + index, plannedAt)));
  }
}

function aRun(groupId: string, index: number, plannedAt: number): NewRun {
  const lower = START - (index + 1) * MINUTE_MS;
  const upper = lower + MINUTE_MS;
  const id = runId({ namespace: "bench", groupId, incarnation: "", lower, upper, generation: 0 });
  const given = { id, groupId, lower, upper, scheduleVersion: 1, operator: OPERATOR, plannedAt };
  return newRun({ ...given, kind: "MANUAL", isPooled: true });
}
