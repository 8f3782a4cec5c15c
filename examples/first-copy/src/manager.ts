import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type AuditReport, createTidegate, type RunState } from "@tidegate/core";
import { MAIN_PARTITION } from "@tidegate/core/offset";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { sqliteStore } from "@tidegate/store-sqlite";
import { type Copy, GROUP, partsOf, scheduleOf } from "./copy.js";

/** A message of the manager to its parent. */
export type ManagerMessage =
  | { readonly kind: "run"; readonly from: string; readonly to: string; readonly state: RunState }
  | { readonly kind: "done"; readonly audit: AuditReport };

/** A message of the parent to the manager: the key behind that of the last order. */
export interface LastOrder {
  readonly end: number;
}

const LOOK_MS = 100;

/** A manager as one would write it: a store, an engine, an operator and a provider; it may be killed at any moment. */
async function main(copy: Copy): Promise<void> {
  const tidegate = createTidegate({
    store: sqliteStore({ path: join(copy.folder, "tidegate.db") }),
    engines: [embeddedEngine()],
    ...partsOf(copy),
    // A short lease, so that what a dead manager was doing is soon taken up.
    dispatcher: { leaseMs: 1_500, pollMs: 250 },
  });
  tidegate.events.on("trouble", ({ where, error }) => console.error(`${where}: ${error.message}`));
  tidegate.events.on("run-state", ({ run: { offsets, state } }) => {
    const [from, to] = [offsets?.lower[MAIN_PARTITION], offsets?.upper[MAIN_PARTITION]];
    if (from !== undefined && to !== undefined) tell({ kind: "run", from, to, state });
  });
  let end = Number.POSITIVE_INFINITY;
  process.on("message", (message: LastOrder) => {
    ({ end } = message);
  });
  await tidegate.start();
  await tidegate.client.ensure(scheduleOf(copy));
  for (;;) {
    const { offsets } = await tidegate.client.get(GROUP);
    const audit = await tidegate.client.audit(GROUP);
    if (audit.isComplete && Number(offsets?.position[MAIN_PARTITION] ?? 0) >= end) {
      await tidegate.stop();
      tell({ kind: "done", audit });
      process.disconnect();
      return;
    }
    await sleep(LOOK_MS);
  }
}

function tell(message: ManagerMessage): void {
  process.send?.(message);
}

await main(JSON.parse(process.argv[2]!) as Copy);
