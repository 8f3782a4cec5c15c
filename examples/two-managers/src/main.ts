import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AuditReport } from "@tidegate/core";
import { PostgresServer, RedisServer } from "@tidegate/test-servers";
import Table from "cli-table3";
import type { ManagerMessage } from "./manager.js";
import { GROUPS, type Plan, type Servers } from "./plan.js";
import { countRows } from "./rows.js";
import { Timeline } from "./timeline.js";

const SECONDS = 24;
const KILLED_AFTER_MS = 9_000;
const LATEST_END_MS = 300_000;
const REDRAW_MS = 250;

console.log("Starting a Redis and a Postgres of its own ...");
const [redis, postgres] = await Promise.all([
  RedisServer.start(["--appendonly", "yes"]),
  PostgresServer.start([]),
]);
const directory = mkdtempSync(join(tmpdir(), "tidegate-two-managers-"));
const servers: Servers = { connectionString: postgres.url(), redisPort: redis.port };
console.log(`
Two managers, A and B, share six schedules of a second through BullMQ and Postgres. Each letter is one run, by whoever ran it.
A is killed with SIGKILL in the midst of a job: "!" is what it leaves behind, a small letter what the other took over.
`);

let timeline: Timeline;
let startAt: number;
let audits: readonly AuditReport[] | undefined;
let isKilled = false as boolean;

function startManager(name: string): Promise<ChildProcess> {
  const manager = fork(fileURLToPath(new URL("./manager.js", import.meta.url)), [
    name,
    JSON.stringify(servers),
  ]);
  return new Promise((resolve, reject) => {
    manager.once("exit", (code) => reject(new Error(`Manager ${name} has ended with code ${code}.`)));
    manager.on("message", (message: ManagerMessage) => {
      if (message.kind === "ready") return resolve(manager);
      if (message.kind === "done") {
        audits = message.audits;
        return;
      }
      timeline.note(name, message.groupId, message.lower, message.state);
      const isBusy = message.state === "SUBMITTING" && Date.now() > startAt + KILLED_AFTER_MS;
      if (name === "A" && isBusy && !isKilled) {
        isKilled = true;
        manager.kill("SIGKILL");
        timeline.noteDeath(name);
      }
    });
  });
}

function draw(isFirst: boolean): void {
  if (!process.stdout.isTTY) return;
  const up = isFirst ? "" : `\x1b[${GROUPS.length + 1}A`;
  console.log(`${up}${timeline}\n${isKilled ? "A was KILLED; B goes on alone." : "".padEnd(31)}`);
}

const managers = await Promise.all([startManager("A"), startManager("B")]);
const [, survivor] = managers;
startAt = Math.ceil(Date.now() / 1_000) * 1_000 + 2_000;
const plan: Plan = { lake: join(directory, "lake"), startAt, endAt: startAt + SECONDS * 1_000 };
timeline = new Timeline(plan);
for (const manager of managers) manager.send(plan);
draw(true);
while (audits === undefined && Date.now() < startAt + LATEST_END_MS) {
  await new Promise((resolve) => setTimeout(resolve, REDRAW_MS));
  draw(false);
}
if (!process.stdout.isTTY) console.log(`${timeline}\nA was KILLED; B went on alone.`);
survivor.kill("SIGKILL");
await Promise.all([redis.dispose(), postgres.dispose()]);

const table = new Table({
  head: ["group", "intervals", "gaps", "overlaps", "doubtful", "rows", "wanted", "twice"],
  style: { head: [], border: [] },
});
let isSound: boolean = audits !== undefined && isKilled;
for (const audit of audits ?? []) {
  const { rows, distinct, wanted } = await countRows(plan, audit.groupId);
  isSound &&= audit.isComplete && rows === wanted && distinct === wanted;
  const { gaps, overlaps, doubtful, succeeded } = audit;
  table.push([
    audit.groupId,
    succeeded.intervals,
    gaps.length,
    overlaps.length,
    doubtful.length,
    rows,
    wanted,
    rows - distinct,
  ]);
}
console.log(`\n${table}`);
console.log(
  isSound
    ? `Every interval ran exactly once, although A was killed; B took over ${timeline.takenOver} of its runs.`
    : `NOT SOUND; what there is lies in ${directory}.`,
);
if (isSound) rmSync(directory, { recursive: true, force: true });
process.exit(isSound ? 0 : 1);
