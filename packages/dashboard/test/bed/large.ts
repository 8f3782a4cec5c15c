import { DatabaseSync } from "node:sqlite";
import { createTidegate } from "@tidegate/core";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { functionOperator } from "@tidegate/operator-function";
import { sqliteStore } from "@tidegate/store-sqlite";
import { until } from "./service.js";

export const GROUPS = 100_000;
/** Five million minutes, a hundred of them in each run. */
export const RUNS = 50_000;
export const LONG = "long";
const RUN_MS = 100 * 60_000;
const START = Date.UTC(2015, 0, 1);
const END = START + RUNS * RUN_MS;
/** When the other groups would begin. */
const NEVER = Date.UTC(2126, 0, 1);
/** The group of which the others are copies. */
const FIRST = "group-0";

/** Fills a database with many groups, one of which has a long ledger: written as rows, since running it would take hours. */
export async function fillLarge(path: string): Promise<void> {
  const tidegate = createTidegate({
    store: sqliteStore({ path }),
    engines: [embeddedEngine()],
    operators: [functionOperator({ load: () => ({}) })],
  });
  await tidegate.start();
  const { client } = tidegate;
  const trigger = { type: "period", every: 1, unit: "minute" } as const;
  await client.register({ groupId: FIRST, trigger, startTime: NEVER, job: {} });
  // Its past is dropped as one skip, which the runs replace.
  await client.register({ groupId: LONG, trigger, startTime: START, endTime: END, catchup: "drop", job: {} });
  await until(async () => (await client.get(LONG)).watermark === END);
  await tidegate.stop();
  const database = new DatabaseSync(path);
  try {
    database.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = -65536; BEGIN");
    for (const [table, key] of [
      ["schedule", "no"],
      ["schedule_version", "schedule_no"],
      ["schedule_state", "no"],
    ] as const) {
      copyGroups(database, table, key);
    }
    database.exec(LEDGER);
    database.exec("COMMIT");
  } finally {
    database.close();
  }
}

/** Copies the rows of the first group, each with the number and the name of another one. */
function copyGroups(database: DatabaseSync, table: string, key: string): void {
  const columns = database.prepare("SELECT name FROM pragma_table_info(?)").all(table);
  const names = columns.map(({ name }) => String(name));
  const values = names.map((name) => {
    if (name === key) return "1000 + n";
    if (name === "group_id") return "'group-' || n";
    return name === "spec" ? `replace(t.spec, '"${FIRST}"', '"group-' || n || '"')` : `t.${name}`;
  });
  database.exec(`WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${GROUPS - 2})
    INSERT INTO ${table} (${names.join(", ")}) SELECT ${values.join(", ")} FROM numbers
      JOIN ${table} t ON t.${key} = (SELECT no FROM schedule WHERE group_id = '${FIRST}')`);
}

const NO = `(SELECT no FROM schedule WHERE group_id = '${LONG}')`;
const UPPER = `${START} + n * ${RUN_MS}`;

/** Every 9,973rd run has failed. */
const LEDGER = `DELETE FROM run WHERE group_no = ${NO};
  WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${RUNS})
  INSERT INTO run (group_no, lower, generation, upper, id, kind, intervals, scheduled_time, state, failure, schedule_version,
    attempt, token, operator, place, is_blocking, is_superseded, is_cancel_requested, planned_at, submitted_at, started_at,
    ended_at, job_id)
  SELECT ${NO}, ${UPPER} - ${RUN_MS}, 0, ${UPPER}, printf('%012x%020x', ${UPPER}, n), 'SCHEDULED', 100, ${UPPER},
    iif(n % 9973 = 0, 'FAILED', 'SUCCEEDED'), iif(n % 9973 = 0, 'FAILED', NULL), 1, 1, 1, 'function', 'none', 0, 0, 0,
    ${UPPER}, ${UPPER}, ${UPPER}, ${UPPER}, 'job-' || n
  FROM numbers;
  UPDATE schedule_state SET run_count = ${RUNS}, longest_run_ms = ${RUN_MS} WHERE no = ${NO};`;
