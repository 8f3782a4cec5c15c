import { mkdir, writeFile } from "node:fs/promises";
import { createTidegate } from "@tidegate/core";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { functionOperator } from "@tidegate/operator-function";
import { sqliteStore } from "@tidegate/store-sqlite";

const load = functionOperator({
  load: async ({ lower, upper }) => {
    await mkdir("lake", { recursive: true });
    await writeFile(`lake/${lower.getTime()}.json`, JSON.stringify({ lower, upper }));
  },
});
const store = sqliteStore({ path: "tidegate.db" });
const tidegate = createTidegate({ store, engines: [embeddedEngine()], operators: [load] });
tidegate.events.on("run-state", ({ run }) => console.log(new Date(run.lower).toISOString(), run.state));
process.once("SIGINT", () => tidegate.stop());
await tidegate.start();
const trigger = { type: "period", every: 1, unit: "second" } as const;
await tidegate.client.ensure({ groupId: "ticks", trigger, job: { function: "load" } });
