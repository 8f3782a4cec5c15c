import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createTidegate } from "@tidegate/core";
import { bullmqEngine } from "@tidegate/engine-bullmq";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { duckdbOperator } from "@tidegate/operator-duckdb";
import { flinkOperator } from "@tidegate/operator-flink";
import { seatunnelOperator } from "@tidegate/operator-seatunnel";
import { sqliteStore } from "@tidegate/store-sqlite";
import Table from "cli-table3";
import { exportedRows, wantedRows } from "./exported.js";
import { gridOfSeconds } from "./grid.js";
import { Lake } from "./lake.js";
import { type GroupReport, reportsOf } from "./ledger.js";
import { Orders } from "./orders.js";
import { EXPORT, pipelineOf } from "./pipeline.js";
import { findServers } from "./servers.js";

const EXPORTS = 2;
const LOAD_SECONDS = Number(process.env.LOAD_SECONDS ?? 10);
const EXPORT_MS = 6 * LOAD_SECONDS * 1_000;
const LATEST_END_MS = 600_000;

const servers = await findServers(process.env);
const lake = new Lake(servers.folder);
const orders = new Orders(lake);
const startTime = Math.ceil(Date.now() / 1_000) * 1_000 + 1_000;
const endTime = startTime + EXPORTS * EXPORT_MS;

const tidegate = createTidegate({
  store: sqliteStore({ path: join(lake.folder, "tidegate.db") }),
  engines: [embeddedEngine(), bullmqEngine({ connection: servers.redisUrl })],
  operators: [
    seatunnelOperator({ url: servers.seatunnelUrl, pollIntervalMs: 250 }),
    flinkOperator({ url: servers.flinkUrl, gatewayUrl: servers.flinkGatewayUrl }),
    duckdbOperator({ allowedDirectories: [lake.folder] }),
  ],
});
tidegate.events.on("trouble", ({ where, error }) => console.error(`${where}: ${error.message}`));
tidegate.events.on("run-state", ({ run }) => {
  const seconds = `[${(run.lower - startTime) / 1_000}, ${(run.upper - startTime) / 1_000}) s`;
  if (run.state === "SUCCEEDED") console.log(`${run.groupId.padEnd(6)} ${seconds}`);
  if (run.error !== null) console.log(`${run.groupId.padEnd(6)} ${seconds}: ${run.error.message}`);
});
await tidegate.start();
console.log(`A load each ${LOAD_SECONDS} s, and an export of each ${EXPORT_MS / 1_000} s:`);
await tidegate.client.registerMany(
  pipelineOf({
    lake,
    grid: gridOfSeconds(LOAD_SECONDS),
    startTime,
    endTime,
    // A file holds the orders of half a second, and is there before them.
    delayMs: 500,
    engineOfTotals: "bullmq",
  }),
);
const isFinished = await Promise.race([
  untilExported(),
  sleep(endTime - startTime + LATEST_END_MS, false, { ref: false }),
]);
orders.stop();

const reports = await reportsOf(tidegate.client);
await tidegate.stop();
const wanted = wantedRows(lake, startTime, endTime, EXPORT_MS);
const exported = isFinished ? await exportedRows(lake) : [];
const isSame = exported.length === wanted.length && exported.every((row, index) => row === wanted[index]);
const isSound =
  isSame && wanted.length > 0 && reports.every(({ audit, tooEarly }) => audit.isComplete && tooEarly === 0);
console.log(`\n${tableOf(reports)}`);
console.log(
  isSound
    ? `${exported.length} rows were exported: those of the source, row by row.`
    : `NOT SOUND: ${exported.length} rows were exported, and the source has ${wanted.length}.`,
);
await servers.dispose();
process.exit(isSound ? 0 : 1);

/** Resolves when the ledger of the exports has no gap any more. */
async function untilExported(): Promise<true> {
  for (;;) {
    // From before the audit on, so that no change falls between the two.
    const change = once(tidegate.events, "run-state");
    const { isComplete, range } = await tidegate.client.audit(EXPORT);
    if (isComplete && range.upper === endTime) return true;
    await change;
  }
}

function tableOf(all: readonly GroupReport[]): Table.Table {
  const table = new Table({
    head: ["group", "engine", "runs", "gaps", "overlaps", "begun too early"],
    style: { head: [], border: [] },
  });
  for (const { groupId, audit, runs, tooEarly } of all)
    table.push([
      groupId,
      groupId === "totals" ? "bullmq" : "embedded",
      runs.length,
      audit.gaps.length,
      audit.overlaps.length,
      tooEarly,
    ]);
  return table;
}
