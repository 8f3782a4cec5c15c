import { join } from "node:path";
import { createFlinkOperator } from "@tidegate/operator-flink";
import { SqliteStore } from "@tidegate/store-sqlite";
import { FlinkServer } from "@tidegate/test-servers";
import { atMost, type Figure, percentile, rounded } from "../figure.js";
import { assemble, registerAll, sleep, temporaryDirectory } from "../setup.js";
import { BareClient } from "./bare-client.js";

const WARM_UP = 10;
const JOBS = 100;
const EVERY_MS = 2_000;
/** After Tidegate's submission, when the bare client makes its own. */
const BARE_AFTER_MS = 1_000;

const SETUP = [
  "CREATE TEMPORARY TABLE rows_in (n INT) WITH ('connector' = 'datagen', 'number-of-rows' = '1')",
  "CREATE TEMPORARY TABLE rows_out (n INT) WITH ('connector' = 'blackhole')",
];

/** From the scheduled time until Flink has the job, less what a bare client needs for the same in the same seconds. */
export async function overhead(): Promise<Figure[]> {
  const flink = await FlinkServer.start();
  const directory = temporaryDirectory();
  const { url, gatewayUrl } = flink;
  const store = new SqliteStore({ path: join(directory.path, "tidegate.db") });
  const tidegate = assemble(store, createFlinkOperator({ url, gatewayUrl }));
  const late: number[] = [];
  tidegate.events.on("run-state", ({ run }) => {
    if (run.state === "RUNNING") late.push(Date.now() - run.scheduledTime);
  });
  const bare = await BareClient.open(gatewayUrl, SETUP);
  const alone: number[] = [];
  await tidegate.start();
  const startAt = Math.ceil(Date.now() / EVERY_MS) * EVERY_MS + EVERY_MS;
  const count = WARM_UP + JOBS;
  await registerAll(tidegate, [
    {
      groupId: "rows",
      trigger: { type: "period", every: EVERY_MS / 1_000, unit: "second" },
      startTime: startAt,
      endTime: startAt + count * EVERY_MS,
      // A job that takes longer holds up no other.
      overlap: "allow",
      maxActiveRuns: 10,
      job: {
        sql: {
          setup: SETUP,
          statement: "INSERT INTO rows_out SELECT n FROM rows_in WHERE n < {{upper.epochMs}}",
          rerun: "replaces",
        },
      },
    },
  ]);
  for (let n = 0; n < count; n += 1) {
    await sleep(Math.max(0, startAt + (n + 1) * EVERY_MS + BARE_AFTER_MS - Date.now()));
    alone.push(await bare.submit(`INSERT INTO rows_out SELECT n FROM rows_in WHERE n < ${Date.now()}`));
  }
  while (late.length < count) await sleep(50);
  await tidegate.stop();
  await flink.dispose();
  directory.remove();
  const [submitted, reference] = [late.slice(WARM_UP), alone.slice(WARM_UP)];
  const p = (share: number): number => percentile(submitted, share) - percentile(reference, share);
  return [
    atMost(50, {
      id: "flink-overhead",
      what: `from the scheduled time until Flink has the SQL job, p95 of ${JOBS} jobs, less the p95 of a bare client that submits the same in the same seconds (p50 less p50: ${rounded(p(0.5))} ms)`,
      value: rounded(p(0.95)),
      unit: "ms",
      reference: { what: "bare client, p95 (ms)", value: rounded(percentile(reference, 0.95)) },
    }),
  ];
}
