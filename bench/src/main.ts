import { readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import Table from "cli-table3";
import { printResult, runApart } from "./apart.js";
import type { Figure } from "./figure.js";

type Benchmark = () => Promise<Figure[]>;
type Task = (...args: string[]) => Promise<unknown>;

/**
 * Each is measured in a process of its own, which loads no other, so that none inherits another's memory: nor that of
 * what it imports, such as database drivers, which is more than many schedules take.
 */
const BENCHMARKS: Readonly<Record<string, () => Promise<Benchmark>>> = {
  "run-life": async () => (await import("./run-life.js")).runLife,
  "overload-hold": async () => (await import("./overload.js")).overloadHold,
  "overload-hold-postgres": async () => (await import("./overload.js")).overloadHoldOnPostgres,
  "overload-fresh": async () => (await import("./overload.js")).overloadFresh,
  drain: async () => (await import("./overload.js")).drain,
  lateness: async () => (await import("./lateness.js")).lateness,
  burst: async () => (await import("./lateness.js")).burst,
  million: async () => (await import("./million.js")).million,
  preview: async () => (await import("./grids.js")).preview,
  simulation: async () => (await import("./grids.js")).simulation,
  ledger: async () => (await import("./ledger.js")).ledger,
  "long-ledger": async () => (await import("./long-ledger.js")).longLedgerOnSqlite,
  "long-ledger-postgres": async () => (await import("./long-ledger.js")).longLedgerOnPostgres,
  "old-snapshot": async () => (await import("./old-snapshot.js")).oldSnapshot,
  readiness: async () => (await import("./readiness.js")).readiness,
  "plain-run": async () => (await import("./plain-run.js")).plainRun,
  "pool-fairness": async () => (await import("./pool-fairness.js")).poolFairness,
  positions: async () => (await import("./positions.js")).positions,
  "restate-plan": async () => (await import("./restate-plan.js")).restatePlan,
  door: async () => (await import("./door.js")).door,
  "cli-start": async () => (await import("./cli-start.js")).cliStart,
  "events-load": async () => (await import("./events/load.js")).eventsLoad,
  ui: async () => (await import("./ui/first-view.js")).firstView,
  "copy-postgres": async () => (await import("./copy-postgres.js")).copyPostgres,
  "copy-shards": async () => (await import("./copy-shards.js")).copyShards,
  "shard-cost": async () => (await import("./shard-cost.js")).shardCost,
  bullmq: async () => (await import("./distributed/bullmq.js")).bullmq,
  "postgres-lives": async () => (await import("./distributed/postgres-lives.js")).postgresLives,
  "million-managed": async () => (await import("./distributed/million-managed.js")).millionManaged,
  flink: async () => (await import("./flink.js")).flink,
  airflow: async () => (await import("./airflow.js")).airflow,
  dolphinscheduler: async () => (await import("./dolphinscheduler.js")).dolphinscheduler,
};

const SINGLE_TASKS: Readonly<Record<string, () => Promise<Task>>> = {
  ...BENCHMARKS,
  "copy-postgres-run": async () => (await import("./copy-postgres.js")).copyPostgresRun as Task,
  "copy-shards-run": async () => (await import("./copy-shards.js")).copyShardsRun as Task,
  "flink-overhead": async () => (await import("./flink/overhead.js")).overhead,
  "flink-poll": async () => (await import("./flink/poll.js")).poll,
};

/** Tasks whose names begin with that of their group and a colon. */
const TASK_GROUPS: Readonly<Record<string, () => Promise<Readonly<Record<string, Task>>>>> = {
  million: async () => (await import("./million.js")).MILLION_TASKS,
  offered: async () => (await import("./offered.js")).OFFERED_TASKS,
  bullmq: async () => (await import("./distributed/bullmq.js")).BULLMQ_TASKS,
};

async function taskOf(name: string): Promise<Task> {
  const [group, isGrouped] = name.split(":");
  if (isGrouped === undefined) return SINGLE_TASKS[name]!();
  return (await TASK_GROUPS[group!]!())[name]!;
}

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
  const carryOut = await taskOf(task);
  printResult(await carryOut(...args));
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
