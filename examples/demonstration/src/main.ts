import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AuditReport } from "@tidegate/core";
import { judgeRecording, readRecording } from "@tidegate/testkit/recorder";
import { GrowingSource, loadFlights } from "./flights.js";
import type { ManagerMessage } from "./manager.js";
import { printReport } from "./report.js";
import { type Plan, recordingOf, synchronizations } from "./schedules.js";

const REPLAY_MS = 20_000;
const KILLED_AT_MS = 10_300;
const DOWN_MS = 2_500;
const LATEST_END_MS = 300_000;
const TICK_MS = 500;

const startAt = Math.ceil(Date.now() / 5_000) * 5_000;
const plan: Plan = {
  directory: mkdtempSync(join(tmpdir(), "tidegate-demonstration-")),
  startAt,
  endAt: startAt + REPLAY_MS,
  port: 0,
  staysUp: process.stdout.isTTY === true,
};

console.log(`Tidegate synchronizes 10,000 flights of a public data set while they are replayed in ${REPLAY_MS / 1_000} s:
three schedules (every second, every two seconds, a cron of five) copy them interval by interval to Parquet.
The manager is killed with SIGKILL on the way and started again; the fourth interval of the first schedule fails once.\n`);

const flights = loadFlights(plan.startAt, REPLAY_MS);
const source = new GrowingSource(join(plan.directory, "source"), flights);
const writer = setInterval(() => source.grow(Date.now()), TICK_MS);

let manager: ChildProcess;
let status = "waiting for the first interval";
let audits: readonly AuditReport[] | undefined;
let dashboard: URL | undefined;

/** Starts the manager, after the first time on the same port, so that an open dashboard finds it again. */
function startManager(): void {
  const again = { ...plan, port: Number(dashboard?.port ?? plan.port) };
  manager = fork(fileURLToPath(new URL("./manager.js", import.meta.url)), [JSON.stringify(again)]);
  manager.on("message", (message: ManagerMessage) => {
    if (message.kind === "done") audits = message.audits;
    else if (message.kind === "listening") showDashboard(message.url);
    else
      status = `${message.succeeded} runs succeeded, ${message.active} under way, ${message.retried} retried`;
  });
}

function showDashboard(url: string): void {
  if (dashboard === undefined) console.log(`The dashboard: ${url}/dashboard/\n`);
  dashboard = new URL(url);
}

function showProgress(): void {
  const share = Math.max(0, Math.min(1, (Date.now() - startAt) / REPLAY_MS));
  const bar = "#".repeat(Math.round(share * 20)).padEnd(20, ".");
  const line = `[${bar}] ${String(source.rowsWritten).padStart(6)} rows in the source; ${status}`;
  if (process.stdout.isTTY) process.stdout.write(`\r${line.padEnd(100)}`);
  else console.log(line);
}

function sleepUntil(instant: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, instant - Date.now())));
}

startManager();
const progress = setInterval(showProgress, process.stdout.isTTY ? 200 : 2_000);
await sleepUntil(startAt + KILLED_AT_MS);
manager!.kill("SIGKILL");
status = "the manager was KILLED; the source goes on growing";
showProgress();
await sleepUntil(startAt + KILLED_AT_MS + DOWN_MS);
startManager();
while (audits === undefined && Date.now() < startAt + LATEST_END_MS) await sleepUntil(Date.now() + 100);
clearInterval(progress);
clearInterval(writer);
showProgress();
console.log("\n");

if (audits === undefined) {
  console.error(
    `The schedules were not done in ${LATEST_END_MS / 1_000} s; what there is lies in ${plan.directory}.`,
  );
  manager!.kill("SIGKILL");
  process.exit(1);
}
const { records } = readRecording(recordingOf(plan));
const reports = synchronizations(plan).map(({ groupId, isCopied }) => {
  const audit = audits!.find((each) => each.groupId === groupId)!;
  const verdict = judgeRecording(records, { groupId, range: audit.range });
  return { audit, verdict, replayed: flights.filter(isCopied).length };
});
const isSound = printReport(reports);
if (plan.staysUp) {
  console.log(`\nThe dashboard stays at ${dashboard}dashboard/ until Ctrl-C.`);
  await once(process, "SIGINT");
  manager!.kill("SIGKILL");
}
if (isSound) rmSync(plan.directory, { recursive: true, force: true });
process.exit(isSound ? 0 : 1);
