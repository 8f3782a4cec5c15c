import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { runId } from "@tidegate/core/store";
import { VirtualClock } from "@tidegate/core/testing";
import { SqliteStore } from "@tidegate/store-sqlite";
import { Cron } from "croner";
import { atMost, type Figure, rounded } from "./figure.js";
import { newRun } from "./new-run.js";
import { assemble, noopOperator, temporaryDirectory } from "./setup.js";

const INTERVALS = 1_000_000;
const BACKFILL = 100_000;
const MINUTE_MS = 60_000;
const START = Date.UTC(2024, 0, 1);
const BATCH = 5_000;

/** The audit of a group with a million intervals, and the plan of a backfill of 100,000. */
export async function ledger(): Promise<Figure[]> {
  const directory = temporaryDirectory();
  const path = join(directory.path, "tidegate.db");
  const end = START + INTERVALS * MINUTE_MS;
  const store = new SqliteStore({ path });
  const clock = new VirtualClock({ start: START });
  const tidegate = assemble(store, noopOperator(), clock);
  await tidegate.start();
  const trigger = { type: "period", every: 1, unit: "minute" } as const;
  await tidegate.client.register({ groupId: "audited", trigger, startTime: START });
  await tidegate.client.pause("audited", "its ledger is written by hand");
  await tidegate.stop();
  await writeLedger(path);

  clock.set(end);
  await tidegate.start();
  await tidegate.client.audit("audited", { lower: START, upper: START + MINUTE_MS });
  let began = performance.now();
  const audit = await tidegate.client.audit("audited");
  const auditSeconds = (performance.now() - began) / 1_000;
  if (!audit.isComplete || audit.succeeded.runs !== INTERVALS) throw new Error("the ledger is not complete");

  const from = START - BACKFILL * MINUTE_MS;
  began = performance.now();
  const plan = await tidegate.client.backfill({ groupId: "audited", from, to: START, isDryRun: true });
  const planSeconds = (performance.now() - began) / 1_000;
  if (plan.runs !== BACKFILL) throw new Error(`the backfill comes to ${plan.runs} runs`);
  await tidegate.stop();
  const windows = windowFunctions(path);
  directory.remove();
  return [
    atMost(1, {
      id: "audit",
      what: "audit of a group with a million intervals",
      value: rounded(auditSeconds),
      unit: "s",
      reference: { what: "SQL window functions over the same rows (s)", value: rounded(windows) },
    }),
    atMost(0.2, {
      id: "backfill-plan",
      what: "plan of a backfill of 100,000 intervals, no row for any of them",
      value: rounded(planSeconds),
      unit: "s",
      reference: { what: "croner, the same times, by 20,000 of them (s)", value: rounded(cronerSeconds()) },
    }),
  ];
}

/** A million runs that have succeeded, as the store itself would have them. */
async function writeLedger(path: string): Promise<void> {
  const store = new SqliteStore({ path });
  await store.open();
  const [schedule] = await store.getSchedules(["audited"]);
  const groupId = "audited";
  const { version, incarnation } = schedule!;
  const operator = schedule!.spec.operator.toLowerCase();
  await store.changeSchedules([
    {
      groupId,
      expected: { version, statuses: ["PAUSED"] },
      status: "REGISTERED",
      laneWidth: BATCH,
      updatedAt: START,
    },
  ]);
  for (let from = START; from < START + INTERVALS * MINUTE_MS; from += BATCH * MINUTE_MS) {
    const to = from + BATCH * MINUTE_MS;
    const runs = Array.from({ length: BATCH }, (_, index) => {
      const lower = from + index * MINUTE_MS;
      const upper = lower + MINUTE_MS;
      const id = runId({ namespace: "default", groupId, lower, upper, generation: 0, incarnation: "" });
      return newRun({ id, groupId, lower, upper, scheduleVersion: version, operator, plannedAt: upper });
    });
    await store.plan([
      {
        groupId,
        incarnation,
        version,
        watermark: from,
        newWatermark: to,
        nextFireAt: to + MINUTE_MS,
        plannedAt: to,
        runs,
      },
    ]);
    const claimed = await store.claim({
      owner: "bench",
      operators: [operator],
      now: to,
      leaseUntil: to + MINUTE_MS,
      limit: BATCH,
    });
    await store.changeRuns(
      claimed.map(({ run, token }) => ({
        id: run.id,
        token,
        from: ["SUBMITTING"],
        state: "SUCCEEDED",
        at: to,
        startedAt: to,
        endedAt: to,
        metrics: { rowsRead: 10, rowsWritten: 10 },
      })),
    );
  }
  await store.close();
}

function windowFunctions(path: string): number {
  const database = new DatabaseSync(path);
  const began = performance.now();
  database
    .prepare(
      `SELECT count(*) FROM (SELECT lag(state) OVER neighbours IS NOT state OR lag(upper) OVER neighbours IS NOT lower AS begins
        FROM run WHERE is_superseded = 0 WINDOW neighbours AS (PARTITION BY group_no ORDER BY lower)) WHERE begins`,
    )
    .get();
  const seconds = (performance.now() - began) / 1_000;
  database.close();
  return seconds;
}

function cronerSeconds(): number {
  const sample = 20_000;
  const cron = new Cron("* * * * *", { timezone: "UTC", paused: true });
  const began = performance.now();
  let time: Date | null = new Date(START);
  for (let index = 0; index < sample && time !== null; index += 1) time = cron.nextRun(time);
  return (((performance.now() - began) / 1_000) * BACKFILL) / sample;
}
