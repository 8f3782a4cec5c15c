import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { createTidegate } from "@tidegate/core";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { functionOperator } from "@tidegate/operator-function";
import { sqliteStore } from "@tidegate/store-sqlite";

// A second stands for an hour, and five of them for a day.
const hour = { type: "period", every: 1, unit: "second" } as const;
const day = { type: "period", every: 5, unit: "second" } as const;

const jobs = functionOperator({
  // Every third hour comes late.
  load: async ({ lower }) => {
    if ((lower.getTime() / 1_000) % 3 === 0) await sleep(1_500);
    await writeFile(`lake/hour-${lower.getTime()}.json`, JSON.stringify({ orders: lower.getUTCSeconds() }));
  },
  // Reads what the hours of its day have written; none of them may be missing, and none is waited for here.
  report: async ({ lower, upper }) => {
    let orders = 0;
    for (let at = lower.getTime(); at < upper.getTime(); at += 1_000) {
      orders += (JSON.parse(await readFile(`lake/hour-${at}.json`, "utf8")) as { orders: number }).orders;
    }
    await writeFile(`lake/day-${lower.getTime()}.json`, JSON.stringify({ orders }));
  },
  // Reads the reports of its own day and of the day before.
  trend: async ({ upper }) => {
    const days = (await readdir("lake")).filter((name) => name.startsWith("day-")).sort();
    await writeFile(`lake/trend-${upper.getTime()}.json`, JSON.stringify(days.slice(-2)));
  },
});

await mkdir("lake", { recursive: true });
const store = sqliteStore({ path: "tidegate.db" });
const tidegate = createTidegate({ store, engines: [embeddedEngine()], operators: [jobs] });
tidegate.events.on("run-state", ({ run }) => {
  if (run.state === "SUCCEEDED") console.log(run.groupId, new Date(run.lower).toISOString());
});
process.once("SIGINT", () => tidegate.stop());
await tidegate.start();

const { client } = tidegate;
// All ledgers begin with a whole day, and keep that when this is started again.
const nextDay = Math.ceil(Date.now() / 5_000) * 5_000;
const startTime = await client.get("loads").then(
  ({ spec }) => spec.startTime,
  () => nextDay,
);
// Loads may finish in any order; what has been covered counts.
await client.ensure({
  groupId: "loads",
  trigger: hour,
  startTime,
  overlap: "allow",
  job: { function: "load" },
});
await client.ensure({
  groupId: "report",
  trigger: day,
  startTime,
  job: { function: "report" },
  dependsOn: { groupId: "loads" },
});
await client.ensure({
  groupId: "trend",
  trigger: day,
  startTime,
  job: { function: "trend" },
  dependsOn: { groupId: "report", window: { from: "-1 interval" } },
  dependsOnPast: true,
});

// A report waits for this when its day is over.
tidegate.events.on("runs-planned", async (runs) => {
  for (const { id, groupId } of runs) {
    if (groupId !== "report") continue;
    await sleep(200);
    // It may have been stopped meanwhile.
    const explanation = await client.explain(id).catch(() => undefined);
    if (explanation?.isWaiting) console.log("waiting", explanation.reasons.at(-1));
  }
});
