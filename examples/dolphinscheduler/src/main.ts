import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTidegate } from "@tidegate/core";
import { MemoryStore } from "@tidegate/core/testing";
import { dolphinschedulerEngine } from "@tidegate/engine-dolphinscheduler";
import { createManager } from "@tidegate/manager";
import { duckdbOperator } from "@tidegate/operator-duckdb";
import { freePort } from "@tidegate/test-servers";
import { findDolphin } from "./servers.js";

const RUNS = 3;
const GROUP = "ticks";

const { dispose, secret, ...dolphin } = await findDolphin(process.env);
const port = Number(process.env.PORT ?? (await freePort()));
const lake = mkdtempSync(join(tmpdir(), "tidegate-dolphinscheduler-"));
const callbackUrl = process.env.CALLBACK_URL ?? `http://127.0.0.1:${port}/engines/dolphinscheduler/callbacks`;
const tidegate = createTidegate({
  store: new MemoryStore(),
  engines: [
    dolphinschedulerEngine({
      ...dolphin,
      prefix: "example",
      callback: { url: callbackUrl },
      wait: true,
      finestPeriodMs: 5_000,
    }),
  ],
  operators: [duckdbOperator()],
});
const manager = createManager({ tidegate, callbacks: { dolphinscheduler: { secret } }, logger: false });
await manager.listen({ port });

let succeeded = 0;
const done = new Promise<void>((resolve) => {
  tidegate.events.on("run-state", ({ run }) => {
    console.log(new Date(run.lower).toISOString(), run.state);
    if (run.state === "SUCCEEDED") succeeded += 1;
    if (succeeded === RUNS) resolve();
  });
});
const { client } = tidegate;
await client.ensure({
  groupId: GROUP,
  trigger: { type: "period", every: 5, unit: "second" },
  job: {
    sql: "SELECT range AS tick FROM range($lower, $upper, INTERVAL 10 MILLISECONDS)",
    target: { path: lake },
  },
});
console.log(`Registered; DolphinScheduler fires every five seconds, and ${RUNS} intervals are awaited.`);
await done;
const { gaps, overlaps, isSound } = await client.audit(GROUP);
console.log(`Gaps: ${gaps.length}, overlaps: ${overlaps.length}, sound: ${isSound}.`);
await client.unregister(GROUP);
await manager.close();
await dispose();
rmSync(lake, { recursive: true });
