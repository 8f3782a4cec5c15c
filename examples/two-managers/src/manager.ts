import { once } from "node:events";
import { type AuditReport, createTidegate, type RunState } from "@tidegate/core";
import { bullmqEngine } from "@tidegate/engine-bullmq";
import { duckdbOperator } from "@tidegate/operator-duckdb";
import { postgresStore } from "@tidegate/store-postgres";
import { GROUPS, type Plan, type Servers, schedulesOf } from "./plan.js";

/** What a manager tells its parent. */
export type ManagerMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "run"; readonly groupId: string; readonly lower: number; readonly state: RunState }
  | { readonly kind: "done"; readonly audits: readonly AuditReport[] };

const LOOK_MS = 200;

/** A manager as one would write it, of which any number may run: all that it has is an address of Redis and of Postgres. */
async function main(name: string, { connectionString, redisPort }: Servers): Promise<void> {
  const tidegate = createTidegate({
    owner: name,
    store: postgresStore({ connectionString }),
    // Small batches and short leases, so that there is something to see with six schedules in half a minute.
    engines: [
      bullmqEngine({
        connection: { host: "127.0.0.1", port: redisPort },
        batchSize: 1,
        concurrency: 1,
        leaseMs: 1_500,
      }),
    ],
    operators: [duckdbOperator({ threads: 1 })],
    dispatcher: { leaseMs: 2_000, pollMs: 250 },
  });
  tidegate.events.on("trouble", ({ where, error }) => console.error(`\n${name}: ${where}: ${error.message}`));
  tidegate.events.on("run-state", ({ run: { groupId, lower, state } }) =>
    tell({ kind: "run", groupId, lower, state }),
  );
  await tidegate.start();
  tell({ kind: "ready" });
  const [plan] = (await once(process, "message")) as [Plan];
  for (const schedule of schedulesOf(plan)) await tidegate.client.ensure(schedule);
  for (;;) {
    const audits = await Promise.all(GROUPS.map((groupId) => tidegate.client.audit(groupId)));
    if (audits.every(({ isComplete, range }) => isComplete && range.upper === plan.endAt)) {
      await tidegate.stop();
      tell({ kind: "done", audits });
      process.disconnect();
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

function tell(message: ManagerMessage): void {
  process.send?.(message);
}

await main(process.argv[2]!, JSON.parse(process.argv[3]!) as Servers);
