import { randomBytes } from "node:crypto";
import { createTidegate, type RunEvent } from "@tidegate/core";
import { MemoryStore } from "@tidegate/core/testing";
import { AirflowEngine } from "@tidegate/engine-airflow";
import { createManager } from "@tidegate/manager";
import { findAirflow } from "./airflow.js";
import { printingOperator } from "./printing-operator.js";
import { readSettings } from "./settings.js";

const settings = readSettings(process.env);
const airflow = await findAirflow(settings);
const { url, username, password } = airflow;

// The engine writes the secret into Airflow, so a new one for each process is fine where there is one manager.
const secret = `whsec_${randomBytes(32).toString("base64")}`;
const callback = { url: `${settings.managerUrl}/engines/airflow/callbacks`, secret };
const engine = new AirflowEngine({ url, username, password, callback, prefix: "example" });
const tidegate = createTidegate({
  store: new MemoryStore(),
  engines: [engine],
  operators: [printingOperator((groupId) => engine.pageOf(groupId))],
  reconcileEveryMs: 10_000,
});
const manager = createManager({
  tidegate,
  callbacks: { airflow: { secret } },
  authorize: { token: randomBytes(16).toString("hex") },
  logger: false,
});
tidegate.events.on("trouble", ({ error }) => console.warn(error.message));
tidegate.events.on("schedule-status", ({ groupId, status }) => console.log(`${groupId} is ${status}.`));

const enough = new Promise<void>((resolve) => {
  let ran = 0;
  tidegate.events.on("run-state", ({ run }: RunEvent) => {
    if (run.state === "SUCCEEDED") ran += 1;
    if (ran >= settings.intervals) resolve();
  });
  process.once("SIGINT", resolve);
  process.once("SIGTERM", resolve);
});

try {
  await manager.listen({ host: settings.host, port: settings.port });
  console.log(`Airflow is at ${url}, user ${username}, password ${password}.`);
  const every10s = { type: "period", every: 10, unit: "second" } as const;
  await tidegate.client.ensure({ groupId: "orders", trigger: every10s });
  await enough;
  const { gaps, overlaps, doubtful, isSound } = await tidegate.client.audit("orders");
  console.log(
    isSound
      ? "Every interval ran exactly once."
      : `Gaps: ${gaps.length}, overlaps: ${overlaps.length}, doubtful: ${doubtful.length}.`,
  );
  await tidegate.client.unregister("orders");
} finally {
  await manager.close();
  await airflow.dispose();
}
