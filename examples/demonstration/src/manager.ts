import { join } from "node:path";
import { type AuditReport, createTidegate, isTidegateError, type Tidegate } from "@tidegate/core";
import { dashboard } from "@tidegate/dashboard";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { createManager } from "@tidegate/manager";
import { createDuckdbOperator } from "@tidegate/operator-duckdb";
import { sqliteStore } from "@tidegate/store-sqlite";
import { jobRecorder } from "@tidegate/testkit/recorder";
import { FailOnce } from "./fail-once.js";
import { type Plan, recordingOf, synchronizations } from "./schedules.js";

/** What the manager tells its parent. */
export type ManagerMessage =
  | { readonly kind: "listening"; readonly url: string }
  | {
      readonly kind: "progress";
      readonly succeeded: number;
      readonly retried: number;
      readonly active: number;
    }
  | { readonly kind: "done"; readonly audits: readonly AuditReport[] };

const PROGRESS_MS = 250;
const FAILING_INTERVAL = 3;

/** A manager service as one would write it: a store, an engine, an operator; it may be killed at any moment. */
async function main(plan: Plan): Promise<void> {
  const chosen = String(plan.startAt + FAILING_INTERVAL * 1_000);
  const failing = new FailOnce(
    createDuckdbOperator({ threads: 1 }),
    ({ groupId, lowerBound }) => groupId === "all-flights" && lowerBound === chosen,
  );
  const operator = jobRecorder(failing, recordingOf(plan));
  const tidegate = createTidegate({
    store: sqliteStore({ path: join(plan.directory, "tidegate.db") }),
    engines: [embeddedEngine()],
    operators: [operator],
  });
  tidegate.events.on("trouble", (trouble) => console.error(trouble));
  const manager = createManager({ tidegate, dashboard: dashboard(), logger: false });
  tell({ kind: "listening", url: await manager.listen({ port: plan.port }) });
  const groups = synchronizations(plan);
  for (const { schedule } of groups) await register(tidegate, schedule);
  for (;;) {
    const audits = await Promise.all(groups.map(({ groupId }) => tidegate.client.audit(groupId)));
    const isDone = audits.every(({ isComplete, range }) => isComplete && range.upper === plan.endAt);
    if (isDone) {
      tell({ kind: "done", audits });
      if (plan.staysUp) return;
      await manager.close();
      process.disconnect();
      return;
    }
    tell({ kind: "progress", ...(await counts(tidegate, audits)) });
    await new Promise((resolve) => setTimeout(resolve, PROGRESS_MS));
  }
}

/** After a restart the schedules are there already. */
async function register(
  tidegate: Tidegate,
  schedule: Parameters<Tidegate["client"]["register"]>[0],
): Promise<void> {
  try {
    await tidegate.client.register(schedule);
  } catch (error) {
    if (!isTidegateError(error) || error.code !== "SCHEDULE_EXISTS") throw error;
  }
}

async function counts(tidegate: Tidegate, audits: readonly AuditReport[]) {
  const runs = await tidegate.client.runs({ groupId: "all-flights" }, { limit: 1_000 });
  return {
    succeeded: audits.reduce((sum, { succeeded }) => sum + succeeded.runs, 0),
    active: audits.reduce((sum, { active }) => sum + active.runs, 0),
    retried: runs.items.filter(({ history }) => history.length > 0).length,
  };
}

function tell(message: ManagerMessage): void {
  process.send?.(message);
}

await main(JSON.parse(process.argv[2]!) as Plan);
