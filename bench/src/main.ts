import { readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import Table from "cli-table3";
import { airflow } from "./airflow.js";
import { printResult, runApart } from "./apart.js";
import { cliStart } from "./cli-start.js";
import { copyPostgres, copyPostgresRun } from "./copy-postgres.js";
import { copyShards, copyShardsRun } from "./copy-shards.js";
import { BULLMQ_TASKS, bullmq } from "./distributed/bullmq.js";
import { millionManaged } from "./distributed/million-managed.js";
import { postgresLives } from "./distributed/postgres-lives.js";
import { dolphinscheduler } from "./dolphinscheduler.js";
import { door } from "./door.js";
import { eventsLoad } from "./events/load.js";
import type { Figure } from "./figure.js";
import { overhead } from "./flink/overhead.js";
import { poll } from "./flink/poll.js";
import { flink } from "./flink.js";
import { preview, simulation } from "./grids.js";
import { burst, lateness } from "./lateness.js";
import { ledger } from "./ledger.js";
import { longLedgerOnPostgres, longLedgerOnSqlite } from "./long-ledger.js";
import { MILLION_TASKS, million } from "./million.js";
import { OFFERED_TASKS } from "./offered.js";
import { oldSnapshot } from "./old-snapshot.js";
import { drain, overloadFresh, overloadHold } from "./overload.js";
import { plainRun } from "./plain-run.js";
import { poolFairness } from "./pool-fairness.js";
import { positions } from "./positions.js";
import { readiness } from "./readiness.js";
import { restatePlan } from "./restate-plan.js";
import { runLife } from "./run-life.js";
import { shardCost } from "./shard-cost.js";
import { firstView } from "./ui/first-view.js";

/** Each is measured in a process of its own, so that none inherits another's memory. */
const BENCHMARKS: Readonly<Record<string, () => Promise<Figure[]>>> = {
  "run-life": runLife,
  "overload-hold": overloadHold,
  "overload-fresh": overloadFresh,
  drain,
  lateness,
  burst,
  million,
  preview,
  simulation,
  ledger,
  "long-ledger": longLedgerOnSqlite,
  "long-ledger-postgres": longLedgerOnPostgres,
  "old-snapshot": oldSnapshot,
  readiness,
  "plain-run": plainRun,
  "pool-fairness": poolFairness,
  positions,
  "restate-plan": restatePlan,
  door,
  "cli-start": cliStart,
  "events-load": eventsLoad,
  ui: firstView,
  "copy-postgres": copyPostgres,
  "copy-shards": copyShards,
  "shard-cost": shardCost,
  bullmq,
  "postgres-lives": postgresLives,
  "million-managed": millionManaged,
  flink,
  airflow,
  dolphinscheduler,
};

const TASKS: Readonly<Record<string, (...args: string[]) => Promise<unknown>>> = {
  ...BENCHMARKS,
  ...MILLION_TASKS,
  ...OFFERED_TASKS,
  ...BULLMQ_TASKS,
  "copy-postgres-run": copyPostgresRun,
  "copy-shards-run": copyShardsRun,
  "flink-overhead": overhead,
  "flink-poll": poll,
};

function measure(name: string): Figure[] {
  process.stderr.write(`${name} ... `);
  const began = performance.now();
  const figures = runApart<Figure[]>(name);
  process.stderr.write(`${((performance.now() - began) / 1_000).toFixed(0)} s\n`);
  return figures;
}

function print(figures: readonly Figure[]): void {
  const table = new Table({
    head: ["id", "what", "value", "goal", "reference", "pass"],
    colWidths: [18, 44, 16, 12, 38, 6],
    wordWrap: true,
    style: { head: [], border: [] },
  });
  for (const { id, what, value, unit, goal, reference, pass } of figures) {
    table.push([
      id,
      what,
      `${value} ${unit}`,
      goal,
      `${reference.value} (${reference.what})`,
      pass ? "yes" : "NO",
    ]);
  }
  console.log(table.toString());
  const [cpu] = cpus();
  console.log(
    `${cpus().length} x ${cpu?.model ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, tz ${process.versions.tz}`,
  );
}

/** Writes figures in the place of those of the same ids, which a run of some benchmarks leaves as they are. */
function record(figures: readonly Figure[]): void {
  const file = new URL("../results.json", import.meta.url);
  const before: Figure[] = JSON.parse(readFileSync(file, "utf8"));
  const measured = new Map(figures.map((figure) => [figure.id, figure]));
  const kept = before.map((figure) => measured.get(figure.id) ?? figure);
  const ids = new Set(before.map(({ id }) => id));
  const all = [...kept, ...figures.filter(({ id }) => !ids.has(id))];
  writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`);
}

const known = Object.keys(BENCHMARKS);
const [first, task, ...args] = process.argv.slice(2);
if (first === "--task" && task !== undefined) {
  printResult(await TASKS[task]!(...args));
} else {
  const names = process.argv.slice(2);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    console.error(`There is no benchmark ${unknown.join(", ")}. Benchmarks: ${known.join(", ")}.`);
    process.exit(2);
  }
  const figures = (names.length > 0 ? names : known).flatMap((name) => {
    const measured = measure(name);
    record(measured);
    return measured;
  });
  print(figures);
  process.exitCode = figures.every(({ pass }) => pass) ? 0 : 1;
}
