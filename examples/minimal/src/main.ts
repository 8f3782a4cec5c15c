import { createTidegate } from "@tidegate/core";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { duckdbOperator } from "@tidegate/operator-duckdb";
import { sqliteStore } from "@tidegate/store-sqlite";

const tidegate = createTidegate({
  store: sqliteStore({ path: "tidegate.db" }),
  engines: [embeddedEngine()],
  operators: [duckdbOperator()],
});
tidegate.events.on("run-state", ({ run }) => console.log(new Date(run.lower).toISOString(), run.state));
process.once("SIGINT", () => tidegate.stop());
await tidegate.start();
const sql = "SELECT range AS tick FROM range($lower, $upper, INTERVAL 10 MILLISECONDS)";
await tidegate.client.ensure({
  groupId: "ticks",
  trigger: { type: "period", every: 1, unit: "second" },
  job: { sql, target: { path: "lake/ticks" } },
});
