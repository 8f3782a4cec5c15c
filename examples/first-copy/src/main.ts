import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { AuditReport } from "@tidegate/core";
import Table from "cli-table3";
import { copiedRows, differenceOf } from "./copied.js";
import { type Copy, GROUP, LIMIT } from "./copy.js";
import type { LastOrder, ManagerMessage } from "./manager.js";
import { Shop } from "./shop.js";

const FIRST_ORDERS = 12_000;
const SELL_EVERY_MS = 20;
const OPEN_MS = 6_000;
const KILLED_AFTER_RUNS = 3;
const LATEST_END_MS = 90_000;

const copy: Copy = { folder: mkdtempSync(join(tmpdir(), "tidegate-first-copy-")) };
const shop = new Shop(copy);
shop.sell(FIRST_ORDERS);
console.log(`A shop has ${FIRST_ORDERS} orders in a table of SQLite, and sells on while they are copied to Parquet, ${LIMIT.records} at most by a run.
The manager is killed with SIGKILL in the midst of the first copy, and started again.
`);
const selling = setInterval(() => shop.sell(1 + (shop.orders % 3)), SELL_EVERY_MS);

let manager: ChildProcess;
let copiedRuns = 0;
let isKilled = false as boolean;
let audit: AuditReport | undefined;

/** Starts the manager, which is killed once. */
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
      copiedRuns += 1;
      console.log(`${orders} are copied`);
    }
    if (message.state !== "SUBMITTING" || copiedRuns < KILLED_AFTER_RUNS || isKilled) return;
    isKilled = true;
    child.kill("SIGKILL");
    console.log(`${orders}: the manager is KILLED while it copies them`);
    child.once("exit", startManager);
  });
}

startManager();
await sleep(OPEN_MS);
clearInterval(selling);
const latestEnd = Date.now() + LATEST_END_MS;
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
const isSound = audit?.isComplete === true && isKilled && difference === undefined;
console.log(
  isSound
    ? `The target has the ${target.length} orders of the source, row by row, each exactly once.`
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
