import { columnsOf } from "./arrays.js";
import { PLPGSQL } from "./language.js";
import { lockRows } from "./lock-groups.js";
import { gatingOf, operatorOf } from "./operator-of.js";
import { GATING_NO, gatedSince, inItsQueues, QUEUE_NO } from "./queues.js";

/** Bits of `sets`: which of its optional fields a change sets. */
export const SETS = {
  reason: 1,
  attempt: 2,
  startedAt: 4,
  endedAt: 8,
  jobId: 16,
  jobAddress: 32,
  error: 64,
  metrics: 128,
  isJobOpen: 256,
  scheduleVersion: 512,
} as const;

/** The fields of a change; the states of `from` are joined by commas. */
const CHANGE = `no integer, id text, "from" text, token bigint, state text, "at" bigint,
  place text, "readyAt" bigint, wait text, "isBlocking" boolean,
  sets integer, reason text, attempt integer, "startedAt" bigint, "endedAt" bigint, "jobId" text,
  "jobAddress" text, "rowsRead" bigint, "rowsWritten" bigint, "rowsDirty" bigint, "bytesWritten" bigint, "errorCode" text,
  "errorMessage" text, record text, "isJobOpen" boolean,
  "scheduleVersion" integer`;

const CHANGES = columnsOf(CHANGE);

/** The columns of a change that `change_runs` takes. */
export const CHANGE_COLUMNS = CHANGES.names;

const optional = (field: keyof typeof SETS, column: string, given: string): string =>
  `${column} = CASE WHEN b.sets & ${SETS[field]} > 0 THEN b.${given} ELSE r.${column} END`;

const isOpen = (state: string): string => `(${state} IN ('PLANNED', 'SUBMITTING', 'RUNNING'))`;
const isAdmitted = (place: string): string => `(${place} IN ('ready', 'active'))`;

/**
 * `placementAfter` of core as SQL: the place that a change `x` gives to a run `r` whose blocking is known.
 */
const newPlace = (
  s: string,
): string => `CASE WHEN NOT ${isOpen("x.state")} THEN CASE WHEN b.blocks AND r.kind = 'SCHEDULED' THEN 'blocking' ELSE 'none' END
    WHEN x.state <> 'PLANNED' THEN 'active'
    WHEN coalesce(x.place, 'waiting') = 'waiting' AND r.kind = 'BACKFILL'
      AND (SELECT t.lane_width FROM ${s}.schedule_state t WHERE t.group_id = r.group_id) = 0 THEN 'waiting'
    WHEN coalesce(x.place, 'waiting') = 'waiting' AND r.kind <> 'SCHEDULED' THEN CASE g.gating WHEN 0 THEN 'ready' ELSE 'gated' END
    ELSE coalesce(x.place, 'waiting') END`;

/**
 * Functions that change runs after they are planned.
 *
 * @param s - the schema, quoted
 */
export const runFunctions = (s: string): string[] => [
  // Changes different runs; one that revives a run is alone. Returns those that were made. Callers must have
  // locked groups and runs.
  `CREATE OR REPLACE FUNCTION ${s}.change_wave(${CHANGES.parameters}) RETURNS integer[] ${PLPGSQL} AS $$
  DECLARE
    made integer[];
    at_time bigint;
    groups text[];
    ended text[];
    of_version text[];
    succeeded json[];
    one json;
  BEGIN
    WITH before AS MATERIALIZED (
      SELECT x.*, r.group_id, r.kind, r.lower, r.upper, r.generation, r.backfill_id, r.state AS was, r.place AS was_at,
          b.blocks, p.new_place, g.gating
        FROM ${CHANGES.rows("x")} CROSS JOIN LATERAL (SELECT * FROM ${s}.run r WHERE r.id = x.id OFFSET 0) r
        CROSS JOIN LATERAL (SELECT NOT r.is_superseded AND CASE x.state
          WHEN 'FAILED' THEN coalesce(x."isBlocking", r.is_blocking)
          WHEN 'CANCELLED' THEN coalesce(x."isBlocking", false) ELSE false END AS blocks) b
        CROSS JOIN LATERAL (SELECT CASE WHEN x.sets & ${SETS.scheduleVersion} > 0
          THEN ${gatingOf(s, "r", 'x."scheduleVersion"')} ELSE r.gating END AS gating) g
        CROSS JOIN LATERAL (SELECT ${newPlace(s)} AS new_place) p
        WHERE r.state = ANY (string_to_array(x."from", ','))
          AND CASE WHEN x.token IS NULL THEN r.state NOT IN ('SUBMITTING', 'RUNNING') ELSE x.token = r.token END
          AND (${isOpen("r.state")} OR NOT ${isOpen("x.state")} OR NOT r.is_superseded AND NOT EXISTS (
            SELECT FROM ${s}.standing_for(r.group_id, r.lower, r.upper, r.id) o WHERE (o.lower, o.upper) <> (r.lower, r.upper))
            AND (NOT ${s}.is_behind(r.group_id, r.lower, r.id)
              OR r.kind = 'SCHEDULED' AND g.gating <> ${GATING_NO.overtakable} AND ${s}.goes_before(r.group_id, r.lower, r.id))
            AND (r.snapshot IS NULL OR ${s}.may_copy_again(r.group_id, r.upper)))
    ), updated AS (
      UPDATE ${s}.run r SET state = b.state, place = b.new_place, is_blocking = b.blocks,
          queue = CASE WHEN b.new_place = 'ready' AND r.token > 0 THEN ${inItsQueues(String(QUEUE_NO.retry), "r.")} ELSE r.queue END,
          ready_at = CASE b.new_place WHEN 'ready' THEN coalesce(b."readyAt", b.at) END,
          lease_until = CASE b.new_place WHEN 'active' THEN coalesce(r.lease_until, b.at) END,
          wait = CASE WHEN b.new_place = 'waiting' THEN json_build_object('reason', 'lane', 'since', b.at)::text
            WHEN b.new_place = 'gated' AND b.place IS DISTINCT FROM 'gated' THEN ${gatedSince("b.at")}
            WHEN b.new_place IN ('gated', 'ready') THEN b.wait END,
          gating = b.gating, look_at = CASE b.new_place WHEN 'gated' THEN b.at ELSE r.look_at END,
          look = r.look + (b.new_place = 'gated')::int,
          is_cancel_requested = r.is_cancel_requested AND ${isOpen("b.state")},
          ${optional("reason", "reason", "reason")},
          ${optional("attempt", "attempt", "attempt")},
          ${optional("startedAt", "started_at", '"startedAt"')},
          ${optional("endedAt", "ended_at", '"endedAt"')},
          ${optional("jobId", "job_id", '"jobId"')},
          ${optional("jobAddress", "job_address", '"jobAddress"')},
          ${optional("isJobOpen", "is_job_open", '"isJobOpen"')},
          ${optional("scheduleVersion", "schedule_version", '"scheduleVersion"')},
          operator = CASE WHEN b.sets & ${SETS.scheduleVersion} > 0
            THEN coalesce(${operatorOf(s, "r.group_id", 'b."scheduleVersion"')}, r.operator) ELSE r.operator END,
          ${optional("metrics", "rows_read", '"rowsRead"')},
          ${optional("metrics", "rows_written", '"rowsWritten"')},
          ${optional("metrics", "rows_dirty", '"rowsDirty"')},
          ${optional("metrics", "bytes_written", '"bytesWritten"')},
          ${optional("error", "error_code", '"errorCode"')},
          ${optional("error", "error_message", '"errorMessage"')},
          history = CASE WHEN b.record IS NULL THEN r.history ELSE array_append(r.history, b.record) END
        FROM before b WHERE r.id = b.id
    ), deltas AS MATERIALIZED (
      SELECT group_id,
          sum(${isAdmitted("new_place")}::int - ${isAdmitted("was_at")}::int) AS admitted,
          sum((new_place = 'gated')::int - (was_at = 'gated')::int) AS gated,
          sum((new_place = 'waiting')::int - (was_at = 'waiting')::int) AS waiting,
          sum((new_place = 'blocking')::int - (was_at = 'blocking')::int) AS blocking
        FROM before WHERE kind = 'SCHEDULED' GROUP BY group_id
    ), lanes AS (
      UPDATE ${s}.schedule_state t SET admitted_runs = t.admitted_runs + d.admitted,
          gated_runs = t.gated_runs + d.gated,
          waiting_runs = t.waiting_runs + d.waiting, blocking_runs = t.blocking_runs + d.blocking
        FROM deltas d WHERE t.group_id = d.group_id
          AND (d.admitted <> 0 OR d.gated <> 0 OR d.waiting <> 0 OR d.blocking <> 0)
        RETURNING t.group_id, t.waiting_runs > 0 AND t.blocking_runs = 0 AND t.admitted_runs < t.lane_width AS has_room
    ), wakers AS (
      INSERT INTO ${s}.gate_waker (group_id, run_id) SELECT e.value, b.id FROM before b
        CROSS JOIN LATERAL json_array_elements_text(b.wait::json->'wokenBy') e
        WHERE b.new_place = 'gated' AND b.wait IS NOT NULL
        ON CONFLICT DO NOTHING
    ), backfills AS (
      UPDATE ${s}.backfill f SET open_runs = f.open_runs + d.step FROM (
        SELECT backfill_id, sum(${isOpen("state")}::int - ${isOpen("was")}::int) AS step FROM before
          WHERE backfill_id IS NOT NULL GROUP BY backfill_id
      ) d WHERE f.id = d.backfill_id AND d.step <> 0
    )
    SELECT (SELECT array_agg(no) FROM before), (SELECT max(at) FROM before),
        (SELECT array_agg(group_id ORDER BY group_id) FROM lanes WHERE has_room),
        (SELECT array_agg(json_build_object('g', group_id, 'l', lower, 'u', upper, 'n', generation)) FROM before
          WHERE state = 'SUCCEEDED' AND generation > 0),
        (SELECT array_agg(DISTINCT group_id) FROM before WHERE NOT ${isOpen("state")}),
        (SELECT array_agg(id) FROM before WHERE sets & ${SETS.scheduleVersion} > 0)
      INTO made, at_time, groups, succeeded, ended, of_version;
    IF of_version IS NOT NULL THEN PERFORM ${s}.pool_runs(of_version); END IF;
    IF succeeded IS NOT NULL THEN
      FOREACH one IN ARRAY succeeded LOOP
        PERFORM ${s}.supersede(one->>'g', (one->>'l')::bigint, (one->>'u')::bigint, (one->>'n')::integer, 'all',
          at_time);
        PERFORM ${s}.mark_stale(one->>'g', (one->>'l')::bigint, (one->>'u')::bigint, true, at_time);
      END LOOP;
    END IF;
    IF ended IS NOT NULL AND EXISTS (SELECT FROM ${s}.run_input WHERE is_partial) THEN
      PERFORM ${s}.mark_stale(r.group_id, r.lower, r.upper, false, at_time) FROM ${s}.run r
        WHERE r.state = 'SUCCEEDED' AND r.generation = 0 AND r.id = ANY (ARRAY(
          SELECT x.id FROM ${CHANGES.rows("x", { only: ["no", "id"] })} WHERE x.no = ANY (made)));
    END IF;
    IF groups IS NOT NULL THEN PERFORM ${s}.admit(groups, at_time); END IF;
    IF ended IS NOT NULL AND EXISTS (SELECT FROM ${s}.gate_waker) THEN PERFORM ${s}.wake(ended); END IF;
    RETURN coalesce(made, '{}');
  END $$`,

  // The same for changes as JSON.
  `CREATE OR REPLACE FUNCTION ${s}.change_wave(changes json) RETURNS integer[] ${PLPGSQL} AS $$
  BEGIN
    RETURN (SELECT ${s}.change_wave(${CHANGES.aggregated}) FROM json_to_recordset(changes) AS x (${CHANGE}));
  END $$`,

  // Locks everything that the changes touch first, so that two batches never deadlock.
  `CREATE OR REPLACE FUNCTION ${s}.change_runs(${CHANGES.parameters}) RETURNS integer[] ${PLPGSQL} AS $$
  DECLARE
    groups text[];
  BEGIN
    -- A run that begins keeps its place, so its group need not be locked.
    groups := ARRAY(SELECT r.group_id FROM ${CHANGES.rows("x", { only: ["id", "state"] })}
      CROSS JOIN LATERAL (SELECT r.group_id FROM ${s}.run r WHERE r.id = x.id OFFSET 0) r WHERE x.state <> 'RUNNING');
    ${lockRows(s, "schedule_state", "groups")}
    ${lockRows(s, "run", CHANGES.of("id"))}
    RETURN ${s}.change_wave(${CHANGES.passed});
  END $$`,
];
