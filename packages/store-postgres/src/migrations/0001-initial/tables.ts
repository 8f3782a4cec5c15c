/** Written and removed all the time, so space is reclaimed early, before it adds up. */
const BUSY = "autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05";

/**
 * `schedule` and `schedule_version` are wide and rarely read; `schedule_state` is narrow and written with
 * every plan and every end of a run: it has the lane's counts, and its row's lock is the group's lock.
 *
 * @param s - the schema, quoted
 */
export const tables = (s: string): string[] => [
  `CREATE TABLE ${s}.schedule (
    group_id text COLLATE "C" PRIMARY KEY,
    version integer NOT NULL,
    status text NOT NULL,
    status_reason text,
    engine text NOT NULL,
    labels text[] NOT NULL,
    origin bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
  )`,
  `CREATE INDEX schedule_by_status ON ${s}.schedule (status, group_id) WHERE status <> 'REGISTERED'`,
  `CREATE TABLE ${s}.schedule_version (
    group_id text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    spec text NOT NULL,
    tzdata text NOT NULL,
    since bigint NOT NULL,
    delay_ms bigint NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (group_id, version)
  )`,
  `CREATE TABLE ${s}.schedule_state (
    group_id text COLLATE "C" PRIMARY KEY,
    version integer NOT NULL,
    is_planning boolean NOT NULL,
    watermark bigint NOT NULL,
    next_fire_at bigint,
    delay_ms bigint NOT NULL,
    lane_width integer NOT NULL,
    admitted_runs integer NOT NULL DEFAULT 0,
    waiting_runs integer NOT NULL DEFAULT 0,
    blocking_runs integer NOT NULL DEFAULT 0,
    longest_run_ms bigint NOT NULL DEFAULT 0
  ) WITH (fillfactor = 60, ${BUSY})`,
  `CREATE INDEX schedule_state_by_fire ON ${s}.schedule_state (next_fire_at)
    WHERE is_planning AND next_fire_at IS NOT NULL`,
  `CREATE TABLE ${s}.run (
    group_id text COLLATE "C" NOT NULL,
    lower bigint NOT NULL,
    generation integer NOT NULL,
    upper bigint NOT NULL,
    id text COLLATE "C" PRIMARY KEY,
    kind text NOT NULL,
    intervals integer NOT NULL,
    scheduled_time bigint NOT NULL,
    state text NOT NULL,
    reason text,
    schedule_version integer NOT NULL,
    backfill_id text,
    attempt integer NOT NULL DEFAULT 0,
    token bigint NOT NULL DEFAULT 0,
    owner text,
    wake_at bigint,
    is_blocking boolean NOT NULL DEFAULT false,
    is_superseded boolean NOT NULL DEFAULT false,
    is_cancel_requested boolean NOT NULL DEFAULT false,
    planned_at bigint NOT NULL,
    submitted_at bigint,
    started_at bigint,
    ended_at bigint,
    job_id text,
    job_address text,
    rows_read bigint,
    rows_written bigint,
    rows_dirty bigint,
    bytes_written bigint,
    error_code text,
    error_message text,
    history text[]
  ) WITH (fillfactor = 80, ${BUSY})`,
  `CREATE UNIQUE INDEX run_by_interval ON ${s}.run (group_id, lower, generation, upper)`,
  `CREATE INDEX run_by_wake ON ${s}.run (wake_at, id) WHERE wake_at IS NOT NULL`,
  `CREATE INDEX run_open ON ${s}.run (group_id, lower, generation, upper)
    WHERE state IN ('PLANNED', 'SUBMITTING', 'RUNNING')`,
  `CREATE INDEX run_by_backfill ON ${s}.run (backfill_id) WHERE backfill_id IS NOT NULL`,
  `CREATE TABLE ${s}.backfill (
    no bigint GENERATED ALWAYS AS IDENTITY,
    id text COLLATE "C" PRIMARY KEY,
    group_id text COLLATE "C" NOT NULL,
    lower bigint NOT NULL,
    upper bigint NOT NULL,
    selects text NOT NULL,
    concurrency integer NOT NULL,
    cursor bigint NOT NULL,
    state text NOT NULL,
    planned_runs integer NOT NULL,
    open_runs integer NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
  )`,
  `CREATE INDEX backfill_by_group ON ${s}.backfill (group_id)`,
];
