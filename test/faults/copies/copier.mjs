// A manager that copies a table of Postgres, to be killed, stopped and cut off.
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createTidegate } from "@tidegate/core";
import { MAIN_PARTITION } from "@tidegate/core/offset";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { createDuckdbOperator } from "@tidegate/operator-duckdb";
import { postgresCursor } from "@tidegate/positions/postgres";
import { PostgresStore } from "@tidegate/store-postgres";

const { folder, name, schedules, parts } = JSON.parse(process.argv[2]);

const log = (where, { code, message }) =>
  appendFileSync(
    join(folder, "trouble.log"),
    `${new Date().toISOString()} ${name} ${where} ${code} ${message}\n`,
  );

const { connectionString } = parts.postgres;
const tidegate = createTidegate({
  store: new PostgresStore(parts.postgres),
  engines: [embeddedEngine()],
  operators: [createDuckdbOperator({ secrets: { shop: connectionString }, threads: 1 })],
  offsetProviders: [postgresCursor({ databases: { shop: { connectionString } } })],
  owner: name,
  ...parts.settings,
});
tidegate.events.on("trouble", ({ where, error }) => log(where, error));

/** Repeats what fails while servers are away. */
async function insist(work) {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      log("test", error);
      if (!/UNAVAILABLE/.test(error.code)) throw error;
      await sleep(200);
    }
  }
}

/** Behind the last row. */
let end;

/** Whether all rows are copied; a group that has planned them all is paused, so that it comes to rest on a busy machine, too. */
async function isComplete() {
  if (end === undefined) return false;
  const open = await Promise.all(schedules.map(({ groupId }) => isOpen(groupId)));
  return !open.includes(true);
}

async function isOpen(groupId) {
  const { offsets, status } = await tidegate.client.get(groupId);
  if (BigInt(offsets?.position[MAIN_PARTITION] ?? 0) < BigInt(end)) return true;
  if (status !== "PAUSED") await tidegate.client.pause(groupId);
  return !(await tidegate.client.audit(groupId)).isComplete;
}

process.on("message", ({ finish }) => {
  ({ end } = finish);
});
await insist(() => tidegate.start());
for (const schedule of schedules) await insist(() => tidegate.client.ensure(schedule));
process.send("ready");
while (!(await insist(isComplete))) await sleep(200);
const audits = await Promise.all(
  schedules.map(({ groupId }) => insist(() => tidegate.client.audit(groupId))),
);
await tidegate.stop();
process.send(
  audits.map(({ groupId, isSound, snapshots }) => ({
    groupId,
    isSound,
    isSeamless: snapshots.every((one) => one.isSeamless !== false),
  })),
);
process.disconnect();
