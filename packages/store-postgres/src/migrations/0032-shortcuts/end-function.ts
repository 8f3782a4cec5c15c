import { columnsOf } from "../0002-places/arrays.js";
import { PLPGSQL } from "../0002-places/language.js";
import { lookedUp } from "./looked-up.js";

/** The fields of the end of a run that has succeeded. */
const ENDS = columnsOf(
  `id text, "groupId" text, token bigint, "at" bigint, "startedAt" bigint, "endedAt" bigint, "jobId" text, "jobAddress" text,
    "rowsRead" bigint, "rowsWritten" bigint, "rowsDirty" bigint, "bytesWritten" bigint`,
);

/** The fields that the function reads, in order. */
export const END_COLUMNS = ENDS.names;

/** The state of the error that it raises if a run is not as expected. */
export const NOT_AS_EXPECTED = "TG001";

/**
 * The function that ends active runs of lanes, of the first generation, that have succeeded: what is left of
 * `change_runs` for them. Fails if any of them is not as expected, so that it need not look before it writes.
 * Returns, for each group, whether other runs may have become claimable or due, and its state.
 *
 * @param s - the schema, quoted
 */
export const endFunction = (s: string): string => `CREATE FUNCTION ${s}.end_runs(${ENDS.parameters})
    RETURNS TABLE ("groupId" text, "mayAdmit" boolean, version integer, watermark bigint, "nextFireAt" bigint,
      "openRuns" integer, "blockingRuns" integer)
    ${PLPGSQL} AS $$
  #variable_conflict use_column
  DECLARE
    groups text[];
    with_room text[];
    has_room boolean[];
    versions integer[];
    watermarks bigint[];
    fires bigint[];
    open_runs integer[];
    blocking integer[];
    may_wake boolean;
    found_rows integer;
    at_time bigint := (SELECT max(x.at) FROM unnest(${ENDS.of("at")}) AS x (at));
  BEGIN
    -- Groups before runs, and each in order, as everywhere, so that two batches never deadlock.
    WITH freed AS (
      UPDATE ${s}.schedule_state t SET admitted_runs = t.admitted_runs - g.runs
        FROM (SELECT x.id, count(*)::integer AS runs FROM unnest(${ENDS.of("groupId")}) AS x (id) GROUP BY x.id
          ORDER BY x.id COLLATE "C" ${lookedUp(ENDS.of("groupId"))}) g
        WHERE t.group_id = g.id
        RETURNING t.group_id, t.version, t.watermark, t.next_fire_at, t.blocking_runs,
          t.admitted_runs + t.gated_runs + t.waiting_runs + t.blocking_runs AS open_runs,
          t.waiting_runs > 0 AND t.blocking_runs = 0 AND t.admitted_runs < t.lane_width AS has_room
    )
    SELECT array_agg(f.group_id), array_agg(f.group_id ORDER BY f.group_id) FILTER (WHERE f.has_room),
        array_agg(f.has_room), array_agg(f.version), array_agg(f.watermark), array_agg(f.next_fire_at),
        array_agg(f.open_runs), array_agg(f.blocking_runs)
      INTO groups, with_room, has_room, versions, watermarks, fires, open_runs, blocking FROM freed f;
    UPDATE ${s}.run r SET state = 'SUCCEEDED', place = 'none', lease_until = NULL, is_job_open = false,
        is_cancel_requested = false, started_at = x."startedAt", ended_at = x."endedAt", job_id = x."jobId",
        job_address = x."jobAddress", rows_read = x."rowsRead", rows_written = x."rowsWritten",
        rows_dirty = x."rowsDirty", bytes_written = x."bytesWritten", error_code = NULL, error_message = NULL
      FROM (SELECT * FROM ${ENDS.rows("y")} ORDER BY y.id COLLATE "C" ${lookedUp(ENDS.of("id"))}) x
      WHERE r.id = x.id AND r.token = x.token AND r.place = 'active' AND r.kind = 'SCHEDULED' AND r.generation = 0;
    GET DIAGNOSTICS found_rows = ROW_COUNT;
    IF found_rows < cardinality(${ENDS.of("id")}) THEN
      RAISE EXCEPTION 'A run is not as expected.' USING ERRCODE = '${NOT_AS_EXPECTED}';
    END IF;
    IF EXISTS (SELECT FROM ${s}.run_input WHERE is_partial) THEN
      PERFORM ${s}.mark_stale(r.group_id, r.lower, r.upper, false, at_time) FROM ${s}.run r WHERE r.id = ANY (${ENDS.of("id")});
    END IF;
    IF with_room IS NOT NULL THEN PERFORM ${s}.admit(with_room, at_time); END IF;
    may_wake := EXISTS (SELECT FROM ${s}.gate_waker);
    IF may_wake THEN PERFORM ${s}.wake(groups); END IF;
    RETURN QUERY SELECT g.group_id, g.has_room OR may_wake, g.version, g.watermark, g.next_fire_at, g.open_runs, g.blocking
      FROM unnest(groups, has_room, versions, watermarks, fires, open_runs, blocking)
        AS g (group_id, has_room, version, watermark, next_fire_at, open_runs, blocking);
  END $$`;
