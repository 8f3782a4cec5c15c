import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { AuditReport } from "@tidegate/core";
import { FlinkServer, SHORT_HEARTBEATS } from "@tidegate/test-servers";
import Table from "cli-table3";
import type { ManagerMessage } from "./manager.js";
import { Orders, rowsBetween, rowsIn } from "./orders.js";
import { INTERVAL_MS, type Plan } from "./plan.js";

const INTERVALS = 15;
const LATEST_END_MS = 600_000;

console.log("Starting a Flink of its own: JobManager, TaskManager and SQL Gateway ...");
// By default a gateway tries for a minute to reach its JobManager.
const flink = await FlinkServer.start({
  ...SHORT_HEARTBEATS,
  "rest.retry.max-attempts": "1",
  "rest.retry.delay": "100",
});
const directory = mkdtempSync(join(tmpdir(), "tidegate-flink-sync-"));
const source = join(flink.dataFolder, "orders");
const orders = new Orders(source);
const startAt = Math.ceil(Date.now() / INTERVAL_MS) * INTERVAL_MS + INTERVAL_MS;
const plan: Plan = {
  url: flink.url,
  gatewayUrl: flink.gatewayUrl,
  directory,
  source,
  target: join(flink.dataFolder, "copy"),
  startAt,
  endAt: startAt + INTERVALS * INTERVAL_MS,
};

let finish: (audit: AuditReport) => void;
const finished = new Promise<AuditReport>((resolve) => {
  finish = resolve;
});
let manager = startManager();

/** What is killed, and after which interval; each while the next one is submitted or runs. */
const deaths = new Map<number, { name: string; strike: () => Promise<void> }>([
  [3, { name: "the JobManager", strike: () => again(() => flink.killJobManager()) }],
  [7, { name: "the SQL Gateway", strike: () => again(() => flink.killGateway()) }],
  [11, { name: "Tidegate", strike: killManager }],
]);
const killed: string[] = [];

function startManager(): ChildProcess {
  const child = fork(fileURLToPath(new URL("./manager.js", import.meta.url)), [JSON.stringify(plan)]);
  child.on("message", (message: ManagerMessage) => {
    if (message.kind === "done") {
      finish(message.audit);
      return;
    }
    const { lower, state, attempt, error } = message.run;
    const interval = (lower - startAt) / INTERVAL_MS;
    if (state === "SUCCEEDED")
      console.log(`interval ${interval}: copied${attempt > 1 ? `, attempt ${attempt}` : ""}`);
    if (state === "PLANNED" && error !== null) console.log(`interval ${interval}: ${error.message}`);
    if (state === "SUBMITTING") void strike(interval);
  });
  return child;
}

async function strike(interval: number): Promise<void> {
  const death = deaths.get(interval);
  if (death === undefined) return;
  deaths.delete(interval);
  console.log(`interval ${interval}: ${death.name} is KILLED`);
  killed.push(death.name);
  await death.strike();
}

async function again(kill: () => Promise<void>): Promise<void> {
  await kill();
  await flink.startAgain();
}

async function killManager(): Promise<void> {
  const exit = once(manager, "exit");
  manager.kill("SIGKILL");
  await exit;
  manager = startManager();
}

// Far longer than it takes: an audit that never comes is a failure, not a wait without end.
const audit = await Promise.race([finished, sleep(startAt + LATEST_END_MS - Date.now(), undefined)]);
orders.stop();
manager.kill("SIGKILL");

const wanted = rowsBetween(rowsIn(plan.source), plan.startAt, plan.endAt);
const copied = rowsIn(plan.target);
const isSame = copied.length === wanted.length && copied.every((row, index) => row === wanted[index]);
const isSound = audit?.isComplete === true && killed.length === 3 && wanted.length > 0 && isSame;
const table = new Table({
  head: ["intervals", "gaps", "overlaps", "doubtful", "rows in the source", "rows in the copy", "twice"],
  style: { head: [], border: [] },
});
table.push([
  audit?.succeeded.intervals ?? "?",
  audit?.gaps.length ?? "?",
  audit?.overlaps.length ?? "?",
  audit?.doubtful.length ?? "?",
  wanted.length,
  copied.length,
  copied.length - new Set(copied).size,
]);
console.log(`\n${table}`);
console.log(
  isSound
    ? `The copy is the source, row by row, although ${killed.join(", ")} were killed on the way.`
    : `NOT SOUND; the ledger lies in ${directory}.`,
);
await flink.dispose();
if (isSound) rmSync(directory, { recursive: true, force: true });
process.exit(isSound ? 0 : 1);
