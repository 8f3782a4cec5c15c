import { closeSync, fsyncSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { ScheduleInfo } from "@tidegate/core";
import { VirtualClock } from "@tidegate/core/testing";
import { SqliteStore } from "@tidegate/store-sqlite";
import { Cron } from "croner";
import { runApart } from "./apart.js";
import { atLeast, atMost, type Figure, percentile, rounded } from "./figure.js";
import { assemble, noopOperator, registerAll, temporaryDirectory } from "./setup.js";

const MILLION = 1_000_000;
const FEW = 1_000;
const ROUNDS = 5;
const FIRES_PER_SECOND = 100;
const START = Date.UTC(2026, 0, 1);
const MEGABYTE = 1_000_000;

/** One million registered schedules: registration, memory, start, and what a fire costs among them. */
export async function million(): Promise<Figure[]> {
  const directory = temporaryDirectory();
  const path = join(directory.path, "tidegate.db");
  const fewPath = join(directory.path, "few.db");
  const croner = runApart<number>("million:croner");
  const bare = bareInserts(join(directory.path, "bare.db"));
  const registered = runApart<number>("million:register", path, String(MILLION));
  const started = runApart<Restarted>("million:restart", path);
  runApart("million:register", fewPath, String(FEW));
  const many: number[] = [];
  const few: number[] = [];
  // By turns, so that what else the machine does befalls both alike.
  for (let round = 0; round < ROUNDS; round += 1) {
    many.push(runApart<number>("million:fires", path));
    few.push(runApart<number>("million:fires", fewPath));
  }
  const costAmongMany = percentile(many, 0.5);
  const costAmongFew = percentile(few, 0.5);
  directory.remove();
  return [
    atLeast(20_000, {
      id: "million-register",
      what: "registerMany of one million schedules, durable",
      value: rounded(registered),
      unit: "schedules/s",
      reference: { what: "bare SQLite inserts of three such rows (schedules/s)", value: rounded(bare) },
    }),
    atMost(600, {
      id: "million-memory",
      what: "resident memory with one million schedules, running",
      value: rounded(started.residentMb),
      unit: "MB",
      reference: { what: "croner objects, one million of them, by 20,000 (MB)", value: rounded(croner) },
    }),
    atMost(3, {
      id: "million-start",
      what: "from start to the first fire, one million schedules in the store",
      value: rounded(started.seconds),
      unit: "s",
      reference: { what: "bare open and one row of the same file (s)", value: rounded(started.bareSeconds) },
    }),
    atMost(1.5, {
      id: "million-cost",
      what: `time per fire among a million schedules over that among ${FEW}, medians of ${ROUNDS} (${rounded(costAmongMany)} and ${rounded(costAmongFew)} us)`,
      value: rounded(costAmongMany / costAmongFew),
      unit: "times",
      reference: { what: `time per fire among ${FEW} schedules (us)`, value: rounded(costAmongFew) },
    }),
  ];
}

/** Measurements that each have a process of their own. */
export const MILLION_TASKS: Readonly<Record<string, (...args: string[]) => Promise<unknown>>> = {
  "million:croner": async () => cronerMemory(),
  "million:register": (path, count) => register(path!, Number(count)),
  "million:restart": (path) => restart(path!),
  "million:fires": (path) => fireCost(path!),
};

/** A start with a million schedules in the store. */
interface Restarted {
  readonly seconds: number;
  readonly residentMb: number;
  readonly bareSeconds: number;
}

/** As many fires a second for any number of schedules, a hundred of them at each second. */
function info(index: number, count: number): ScheduleInfo {
  const periodS = count / FIRES_PER_SECOND;
  const anchor = START + (index % periodS) * 1_000;
  return {
    groupId: `group-${index}`,
    trigger: { type: "period", every: periodS, unit: "second", anchor },
    startTime: anchor,
  };
}

async function register(path: string, count: number): Promise<number> {
  const tidegate = assemble(new SqliteStore({ path }), noopOperator(), new VirtualClock({ start: START }));
  await tidegate.start();
  const began = performance.now();
  const batch = 50_000;
  for (let from = 0; from < count; from += batch) {
    const size = Math.min(batch, count - from);
    await registerAll(
      tidegate,
      Array.from({ length: size }, (_, offset) => info(from + offset, count)),
    );
  }
  const perSecond = (count / (performance.now() - began)) * 1_000;
  await tidegate.stop();
  flush(path);
  return perSecond;
}

/** Has the system write out what it has put off, so that the next measurement does not pay for it. */
function flush(path: string): void {
  const file = openSync(path, "r+");
  fsyncSync(file);
  closeSync(file);
}

async function restart(path: string): Promise<Restarted> {
  const bareSeconds = bareOpen(path);
  globalThis.gc?.();
  const clock = new VirtualClock({ start: START + (MILLION / FIRES_PER_SECOND) * 1_000 });
  const began = performance.now();
  const operator = noopOperator();
  const tidegate = assemble(new SqliteStore({ path }), operator, clock);
  await tidegate.start();
  while (operator.count === 0) await clock.settle();
  const seconds = (performance.now() - began) / 1_000;
  await clock.advance(60_000);
  globalThis.gc?.();
  const residentMb = process.memoryUsage().rss / MEGABYTE;
  await tidegate.stop();
  return { seconds, residentMb, bareSeconds };
}

async function fireCost(path: string): Promise<number> {
  const probe = new SqliteStore({ path });
  await probe.open();
  const [first] = await probe.due({ before: Number.MAX_SAFE_INTEGER, limit: 1 });
  await probe.close();
  const clock = new VirtualClock({ start: (first?.fireAt ?? START) - 1 });
  const operator = noopOperator();
  const tidegate = assemble(new SqliteStore({ path }), operator, clock);
  await tidegate.start();
  await clock.advance(5_000);
  const before = operator.count;
  const began = performance.now();
  await clock.advance(200_000);
  const cost = ((performance.now() - began) * 1_000) / (operator.count - before);
  await tidegate.stop();
  return cost;
}

function bareOpen(path: string): number {
  const began = performance.now();
  const database = new DatabaseSync(path);
  database.prepare("SELECT group_id FROM schedule LIMIT 1").get();
  database.close();
  return (performance.now() - began) / 1_000;
}

function bareInserts(path: string): number {
  const database = new DatabaseSync(path);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  database.exec(`CREATE TABLE a (no INTEGER PRIMARY KEY, group_id TEXT UNIQUE, version INTEGER);
    CREATE TABLE b (no INTEGER PRIMARY KEY, watermark INTEGER, next_fire_at INTEGER); CREATE INDEX bf ON b (next_fire_at);
    CREATE TABLE c (no INTEGER PRIMARY KEY, spec TEXT)`);
  const [a, b, c] = [
    database.prepare("INSERT INTO a VALUES (?, ?, 1)"),
    database.prepare("INSERT INTO b VALUES (?, ?, ?)"),
    database.prepare("INSERT INTO c VALUES (?, ?)"),
  ];
  const spec = JSON.stringify(info(0, MILLION)).padEnd(700);
  const count = 100_000;
  const began = performance.now();
  for (let from = 0; from < count; from += 5_000) {
    database.exec("BEGIN");
    for (let no = from; no < from + 5_000; no += 1) {
      a.run(no, `group-${no}`);
      b.run(no, START, START + no);
      c.run(no, spec);
    }
    database.exec("COMMIT");
  }
  const perSecond = (count / (performance.now() - began)) * 1_000;
  database.close();
  return perSecond;
}

/** What a library that holds each schedule as an object would need, by a sample. */
function cronerMemory(): number {
  const sample = 20_000;
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const crons = Array.from(
    { length: sample },
    (_, index) => new Cron(`${index % 60} * * * *`, { paused: true }),
  );
  globalThis.gc?.();
  const each = (process.memoryUsage().heapUsed - before) / crons.length;
  return (each * MILLION) / MEGABYTE;
}
