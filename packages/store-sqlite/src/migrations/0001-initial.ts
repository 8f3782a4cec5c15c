import { type Kysely, sql } from "kysely";

/**
 * `schedule` and `schedule_version` are wide and rarely read; `schedule_state` is narrow and written with
 * every plan. `run` grows at its end, so that the rows that a transaction touches share pages; ids begin with
 * the interval's end, so that their index does too.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    `CREATE TABLE schedule (
      no INTEGER PRIMARY KEY,
      group_id TEXT NOT NULL UNIQUE,
      version INTEGER NOT NULL,
      status TEXT NOT NULL,
      status_reason TEXT,
      engine TEXT NOT NULL,
      origin INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL
    )`,
    `CREATE INDEX schedule_by_status ON schedule (status, group_id) WHERE status <> 'REGISTERED'`,
    `CREATE TABLE schedule_version (
      schedule_no INTEGER NOT NULL,
      version INTEGER NOT NULL,
      spec TEXT NOT NULL,
      tzdata TEXT NOT NULL,
      since INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      PRIMARY KEY (schedule_no, version)
    ) WITHOUT ROWID`,
    `CREATE TABLE schedule_state (
      no INTEGER PRIMARY KEY,
      version INTEGER NOT NULL,
      is_planning INTEGER NOT NULL,
      watermark INTEGER NOT NULL,
      next_fire_at INTEGER,
      delay_ms INTEGER NOT NULL,
      lane_width INTEGER NOT NULL,
      longest_run_ms INTEGER NOT NULL
    )`,
    `CREATE INDEX schedule_state_by_fire ON schedule_state (next_fire_at)
      WHERE is_planning = 1 AND next_fire_at IS NOT NULL`,
    `CREATE TABLE run (
      no INTEGER PRIMARY KEY,
      group_no INTEGER NOT NULL,
      lower INTEGER NOT NULL,
      generation INTEGER NOT NULL,
      upper INTEGER NOT NULL,
      id TEXT NOT NULL,
      kind TEXT NOT NULL,
      intervals INTEGER NOT NULL,
      scheduled_time INTEGER NOT NULL,
      state TEXT NOT NULL,
      reason TEXT,
      schedule_version INTEGER NOT NULL,
      backfill_id TEXT,
      attempt INTEGER NOT NULL,
      token INTEGER NOT NULL,
      wake_at INTEGER,
      is_blocking INTEGER NOT NULL,
      is_superseded INTEGER NOT NULL,
      is_cancel_requested INTEGER NOT NULL,
      planned_at INTEGER NOT NULL,
      submitted_at INTEGER,
      started_at INTEGER,
      ended_at INTEGER,
      job_id TEXT,
      job_address TEXT,
      rows_read INTEGER,
      rows_written INTEGER,
      rows_dirty INTEGER,
      bytes_written INTEGER,
      error_code TEXT,
      error_message TEXT,
      history TEXT
    )`,
    "CREATE UNIQUE INDEX run_by_interval ON run (group_no, lower, generation, upper)",
    "CREATE UNIQUE INDEX run_by_id ON run (id)",
    "CREATE INDEX run_by_wake ON run (wake_at, id) WHERE wake_at IS NOT NULL",
    `CREATE INDEX run_waiting ON run (group_no, lower)
      WHERE kind = 'SCHEDULED' AND state = 'PLANNED' AND wake_at IS NULL`,
    "CREATE INDEX run_blocking ON run (group_no) WHERE is_blocking = 1",
    "CREATE INDEX run_by_backfill ON run (backfill_id) WHERE backfill_id IS NOT NULL",
    `CREATE TABLE backfill (
      no INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      group_no INTEGER NOT NULL,
      lower INTEGER NOT NULL,
      upper INTEGER NOT NULL,
      selects TEXT NOT NULL,
      concurrency INTEGER NOT NULL,
      cursor INTEGER NOT NULL,
      state TEXT NOT NULL,
      planned_runs INTEGER NOT NULL,
      open_runs INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL
    )`,
    "CREATE INDEX backfill_by_group ON backfill (group_no)",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
