import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Tidegate } from "@tidegate/core";
import type { RunFilter, ScheduleStore } from "@tidegate/core/store";
import { PostgresStore } from "@tidegate/store-postgres";
import { SqliteStore } from "@tidegate/store-sqlite";
import { PostgresServer } from "@tidegate/test-servers";
import { atMost, type Figure, rounded } from "./figure.js";
import { POSTGRES_SETTINGS } from "./postgres-settings.js";
import { assemble, noopOperator, temporaryDirectory } from "./setup.js";

/** Runs in all: `TIDEGATE_BENCH_RUNS=10000000` is what the goals are for, and takes a quarter of an hour. */
const RUNS = Number(process.env.TIDEGATE_BENCH_RUNS ?? 2_000_000);
/** The group whose ledger is audited has this many of them; the others have the rest. */
const LONG = 1_000_000;
const OTHERS = 90;
const MINUTE_MS = 60_000;
const START = Date.UTC(2024, 0, 1);
const END = START + LONG * MINUTE_MS;
/** When the schedules would begin by themselves. */
const NEVER = Date.UTC(2100, 0, 1);
const LONG_GROUP = "group-000";
const ROUNDS = 5;

const groupId = (index: number): string => `group-${String(index).padStart(3, "0")}`;
const ledgerLength = (index: number): number => (index === 0 ? LONG : Math.floor((RUNS - LONG) / OTHERS));

/** A listing that a person asks for, and how far into it. */
const LISTINGS: readonly { readonly what: string; readonly filter: RunFilter }[] = [
  { what: "all", filter: {} },
  { what: "all, newest first", filter: { order: "descending" } },
  { what: "failed", filter: { states: ["FAILED"] } },
  { what: "failed, newest first", filter: { states: ["FAILED"], order: "descending" } },
  { what: "open", filter: { states: ["PLANNED", "SUBMITTING", "RUNNING"] } },
  { what: "succeeded, newest first", filter: { states: ["SUCCEEDED"], order: "descending" } },
  { what: "re-runs", filter: { kinds: ["MANUAL", "BACKFILL"] } },
  { what: "cancelled for a reason", filter: { reasons: ["cancelled"] } },
  { what: "of an hour", filter: { within: { lower: END - 600 * MINUTE_MS, upper: END - 540 * MINUTE_MS } } },
  { what: "a group's", filter: { groupId: LONG_GROUP } },
  { what: "a group's, newest first", filter: { groupId: LONG_GROUP, order: "descending" } },
  { what: "a group's failed", filter: { groupId: LONG_GROUP, states: ["FAILED"] } },
  { what: "a group's open", filter: { groupId: LONG_GROUP, states: ["PLANNED", "RUNNING"] } },
];

/** Measures the cost of looking at a long ledger on Postgres. */
export async function longLedgerOnPostgres(): Promise<Figure[]> {
  const server = await PostgresServer.start(POSTGRES_SETTINGS);
  try {
    const connectionString = await server.createDatabase();
    const store = new PostgresStore({ connectionString, statementTimeoutMs: 3_600_000 });
    const tidegate = await registered(store);
    for (let index = 0; index <= OTHERS; index += 1)
      await server.query(fillPostgres(index), connectionString);
    await server.query(
      "UPDATE tidegate.schedule_state t SET run_count = (SELECT count(*) FROM tidegate.run r WHERE r.group_id = t.group_id)",
      connectionString,
    );
    await server.query("VACUUM ANALYZE", connectionString);
    return await figures("postgres", 1.5, tidegate, store);
  } finally {
    await server.dispose();
  }
}

/** The same on SQLite. */
export async function longLedgerOnSqlite(): Promise<Figure[]> {
  const directory = temporaryDirectory();
  const path = join(directory.path, "tidegate.db");
  try {
    const store = new SqliteStore({ path });
    const tidegate = await registered(store);
    await tidegate.stop();
    const database = new DatabaseSync(path);
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144");
    for (let index = 0; index <= OTHERS; index += 1) {
      database.exec(
        fillSqlite({ groupId: groupId(index), salt: index, start: START, runs: ledgerLength(index) }),
      );
    }
    database.exec(
      "UPDATE schedule_state SET run_count = (SELECT count(*) FROM run WHERE group_no = schedule_state.no)",
    );
    database.close();
    await tidegate.start();
    return await figures("sqlite", 0.8, tidegate, store);
  } finally {
    directory.remove();
  }
}

/** Registers the groups, which plan nothing: their ledgers are written by SQL. */
async function registered(store: ScheduleStore): Promise<Tidegate> {
  const tidegate = assemble(store, noopOperator());
  await tidegate.start();
  for (let index = 0; index <= OTHERS; index += 1) {
    const trigger = { type: "period", every: 1, unit: "minute" } as const;
    await tidegate.client.register({ groupId: groupId(index), trigger, startTime: NEVER });
    await tidegate.client.pause(groupId(index));
  }
  return tidegate;
}

const stateOf = (n: string): string => `CASE WHEN ${n} % 10000 = 77 THEN 'FAILED' ELSE 'SUCCEEDED' END`;

/** One statement that writes a group's runs, each a minute long; one of 10,000 has failed. */
function fillPostgres(index: number): string {
  const upper = `${START} + n * ${MINUTE_MS}`;
  const last = START + ledgerLength(index) * MINUTE_MS;
  return `SET session_replication_role = replica;
    INSERT INTO tidegate.run (group_id, lower, generation, upper, id, kind, intervals, scheduled_time, state, schedule_version,
      attempt, token, owner, operator, place, planned_at, submitted_at, started_at, ended_at, job_id, rows_read, rows_written)
    SELECT '${groupId(index)}', ${upper} - ${MINUTE_MS}, 0, ${upper},
      lpad(to_hex(${upper}), 12, '0') || substr(md5('${index}' || n), 1, 20), 'SCHEDULED', 1, ${upper}, ${stateOf("n")}, 1,
      1, 1, 'bench', 'noop', 'none', ${upper}, ${upper}, ${upper}, ${upper}, 'job-' || n, 10, 10
    FROM generate_series(1::bigint, ${ledgerLength(index)}) n;
    UPDATE tidegate.schedule SET origin = ${START} WHERE group_id = '${groupId(index)}';
    UPDATE tidegate.schedule_state SET watermark = ${last}, longest_run_ms = ${MINUTE_MS} WHERE group_id = '${groupId(index)}'`;
}

/** A ledger of minutes that is written by SQL. */
interface Filling {
  readonly groupId: string;
  /** Differs from group to group, so that ids of runs do. */
  readonly salt: number;
  /** Start, epoch ms. */
  readonly start: number;
  readonly runs: number;
}

/** Returns statements that write a group's runs, each a minute long; one of 10,000 has failed. */
export function fillSqlite({ groupId, salt, start, runs }: Filling): string {
  const upper = `${start} + n * ${MINUTE_MS}`;
  const last = start + runs * MINUTE_MS;
  const no = `(SELECT no FROM schedule WHERE group_id = '${groupId}')`;
  return `BEGIN;
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${runs})
    INSERT INTO run (group_no, lower, generation, upper, id, kind, intervals, scheduled_time, state, schedule_version, attempt,
      token, operator, place, is_blocking, is_superseded, is_cancel_requested, planned_at, submitted_at, started_at, ended_at,
      job_id, rows_read, rows_written)
    SELECT ${no}, ${upper} - ${MINUTE_MS}, 0, ${upper}, printf('%012x%020x', ${upper}, (n * 2654435761 + ${salt} * 7919) % 4294967296 * 128 + ${salt}),
      'SCHEDULED', 1, ${upper}, ${stateOf("n")}, 1, 1, 1, 'noop', 'none', 0, 0, 0, ${upper}, ${upper}, ${upper}, ${upper},
      'job-' || n, 10, 10
    FROM numbers;
    UPDATE run SET failure = state WHERE group_no = ${no} AND state IN ('FAILED', 'CANCELLED', 'SKIPPED');
    UPDATE schedule SET origin = ${start} WHERE no = ${no};
    UPDATE schedule_state SET watermark = ${last}, longest_run_ms = ${MINUTE_MS} WHERE no = ${no};
    COMMIT`;
}

async function figures(
  name: string,
  auditGoal: number,
  tidegate: Tidegate,
  store: ScheduleStore,
): Promise<Figure[]> {
  const { client } = tidegate;
  const audit = await fastest(() => client.audit(LONG_GROUP));
  const describe = await fastest(() => client.describe(LONG_GROUP));
  let slowest = { ms: 0, what: "" };
  for (const { what, filter } of LISTINGS) {
    const { next } = await store.listRuns(filter, {});
    for (const page of next === undefined ? [{}] : [{}, { cursor: next }]) {
      const ms = await fastest(() => store.listRuns(filter, page));
      process.stderr.write(
        `${name}: ${what}${"cursor" in page ? ", second page" : ""}: ${ms.toFixed(2)} ms\n`,
      );
      if (ms > slowest.ms) slowest = { ms, what };
    }
  }
  await tidegate.stop();
  const runs = `${RUNS.toLocaleString("en")} runs, ${name}`;
  return [
    atMost(auditGoal, {
      id: `audit-${name}`,
      what: `audit of a group with ${LONG.toLocaleString("en")} runs; ${runs}`,
      value: rounded(audit / 1_000),
      unit: "s",
      reference: { what: "runs in the group", value: LONG },
    }),
    atMost(50, {
      id: `describe-${name}`,
      what: `describe of this group; ${runs}`,
      value: rounded(describe),
      unit: "ms",
      reference: { what: "runs in the group", value: LONG },
    }),
    atMost(20, {
      id: `listing-${name}`,
      what: `slowest page of ${LISTINGS.length} listings (${slowest.what}); ${runs}`,
      value: rounded(slowest.ms),
      unit: "ms",
      reference: { what: "runs on a page", value: 100 },
    }),
  ];
}

/** The fastest of a few attempts, ms: what the machine does beside is not under test. */
async function fastest(work: () => Promise<unknown>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    const began = performance.now();
    await work();
    best = Math.min(best, performance.now() - began);
  }
  return best;
}
