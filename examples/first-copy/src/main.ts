import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { AuditReport } from "@tidegate/core";
import { MAIN_PARTITION } from "@tidegate/core/offset";
import Table from "cli-table3";
import { copiedRows, differenceOf } from "./copied.js";
import { type Copy, GROUP } from "./copy.js";
import type { LastOrder, ManagerMessage } from "./manager.js";
import { Shop } from "./shop.js";

const FIRST_ORDERS = 12_000;
const SELL_EVERY_MS = 20;
/** The shop closes when as many increments have been copied after the last kill. */
const LAST_INCREMENTS = 2;
/** Its first job is the copy of everything, its second the first increment. */
const KILLED_JOBS = 2;
/** Far longer than it takes, so that a slow machine does not fail. */
const LATEST_END_MS = 600_000;

const copy: Copy = { folder: mkdtempSync(join(tmpdir(), "tidegate-first-copy-")) };
const shop = new Shop(copy);
shop.sell(FIRST_ORDERS);
console.log(`A shop has ${FIRST_ORDERS} orders in a table of SQLite, and sells on while they are copied to Parquet: first all of them, then in increments.
The manager is killed with SIGKILL in the midst of the first copy, and of the first increment, and started again each time.
`);
const selling = setInterval(() => shop.sell(1 + (shop.orders % 3)), SELL_EVERY_MS);

let manager: ChildProcess;
let kills = 0;
let increments = 0;
const killed = new Set<string>();
let audit: AuditReport | undefined;

/** Starts the manager, which is killed during its first jobs. */
function startManager(): void {
  const child = fork(fileURLToPath(new URL("./manager.js", import.meta.url)), [JSON.stringify(copy)]);
  manager = child;
  child.on("message", (message: ManagerMessage) => {
    if (message.kind === "done") {
      audit = message.audit;
      return;
    }
    const last = Number(message.to) - 1;
    const orders = isBeginning(message.from) ? `orders up to ${last}` : `orders ${message.from} to ${last}`;
    if (message.state === "SUCCEEDED" && message.from !== message.to) {
      if (kills === KILLED_JOBS) increments += 1;
      console.log(`${orders} are copied`);
    }
    if (message.state !== "SUBMITTING" || kills === KILLED_JOBS || killed.has(message.to)) return;
    kills += 1;
    killed.add(message.to);
    child.kill("SIGKILL");
    console.log(`${orders}: the manager is KILLED while it copies them`);
    child.once("exit", startManager);
  });
}

startManager();
const latestEnd = Date.now() + LATEST_END_MS;
while ((kills < KILLED_JOBS || increments < LAST_INCREMENTS) && Date.now() < latestEnd) await sleep(100);
clearInterval(selling);
while (audit === undefined && Date.now() < latestEnd) {
  const last: LastOrder = { end: shop.orders + 1 };
  if (manager!.connected) manager!.send(last);
  await sleep(100);
}
manager!.kill("SIGKILL");

const [source, target] = [shop.rows(), await copiedRows(copy)];
shop.close();
const difference = differenceOf(source, target);
if (audit !== undefined) console.log(`\n${tableOf(audit)}`);
const seam = audit?.snapshots[0];
const isSeamless = seam?.isSeamless === true;
if (isSeamless)
  console.log(
    `The first copy ends at key ${seam.positions?.[MAIN_PARTITION]}, where the first increment begins.`,
  );
const isSound = audit?.isComplete === true && isSeamless && kills === KILLED_JOBS && difference === undefined;
console.log(
  isSound
    ? `The target has the ${target.length} orders of the source, row by row, each exactly once.`
    : audit === undefined
      ? `The copy was not done in ${LATEST_END_MS / 1_000} s; the files are in ${copy.folder}.`
      : `NOT SOUND: ${difference ?? "the ledger is not complete"}; the files are in ${copy.folder}.`,
);
if (isSound) rmSync(copy.folder, { recursive: true, force: true });
process.exit(isSound ? 0 : 1);

/** Keys begin with the least that SQLite has, since the first one of a table says nothing about those below it. */
function isBeginning(key: string): boolean {
  return BigInt(key) === -(2n ** 63n);
}

/** The proof of both axes: of time, and of the keys. */
function tableOf({ range, succeeded, gaps, overlaps, doubtful, offsets }: AuditReport): Table.Table {
  const table = new Table({
    head: [GROUP, "from", "to", "runs", "gaps", "overlaps", "doubtful", "lost", "unread"],
    style: { head: [], border: [] },
  });
  const time = (instant: number): string => new Date(instant).toISOString().slice(11, 19);
  const { lower, upper } = range;
  table.push([
    ...["time", time(lower), time(upper), succeeded.runs],
    ...[gaps.length, overlaps.length, doubtful.length, "", ""],
  ]);
  for (const { partitions } of offsets)
    for (const keys of partitions)
      table.push([
        ...["keys", isBeginning(keys.lower) ? "beginning" : keys.lower, keys.upper, ""],
        ...[keys.gaps.length, keys.overlaps.length, "", keys.lost.length, keys.unread.length],
      ]);
  return table;
}
