import { once } from "node:events";
import { type AuditReport, createTidegate, type Run } from "@tidegate/core";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { flinkOperator } from "@tidegate/operator-flink";
import { sqliteStore } from "@tidegate/store-sqlite";
import { databaseOf, GROUP, type Plan, scheduleOf } from "./plan.js";

/** What the manager tells its parent. */
export type ManagerMessage =
  | { readonly kind: "run"; readonly run: Pick<Run, "lower" | "state" | "attempt" | "error"> }
  | { readonly kind: "done"; readonly audit: AuditReport };

/** A manager as one would write it: a store, an engine, an operator. It may be killed at any moment. */
async function main(plan: Plan): Promise<void> {
  const tidegate = createTidegate({
    store: sqliteStore({ path: databaseOf(plan) }),
    engines: [embeddedEngine()],
    operators: [flinkOperator({ url: plan.url, gatewayUrl: plan.gatewayUrl })],
    // A short lease, so that the next manager soon goes on where this one was killed.
    dispatcher: { leaseMs: 3_000 },
  });
  tidegate.events.on("trouble", ({ where, error }) => console.error(`${where}: ${error.message}`));
  tidegate.events.on("run-state", ({ run: { lower, state, attempt, error } }) =>
    tell({ kind: "run", run: { lower, state, attempt, error } }),
  );
  await tidegate.start();
  await tidegate.client.ensure(scheduleOf(plan));
  for (;;) {
    // From before the audit on, so that no change falls between the two.
    const change = once(tidegate.events, "run-state");
    const audit = await tidegate.client.audit(GROUP);
    if (audit.isComplete && audit.range.upper === plan.endAt) {
      await tidegate.stop();
      tell({ kind: "done", audit });
      process.disconnect();
      return;
    }
    await change;
  }
}

function tell(message: ManagerMessage): void {
  process.send?.(message);
}

await main(JSON.parse(process.argv[2]!) as Plan);
