import { PLPGSQL, PLPGSQL_WITHOUT_TABLES } from "./language.js";
import { lockGroups } from "./lock-groups.js";
import { gatingOf, operatorOf } from "./operator-of.js";
import { gatedSince } from "./queues.js";
import { SETS } from "./run-functions.js";

const plans = (status: string): string => `${status} IN ('REGISTERING', 'REGISTERED', 'FAILED')`;

/** How the runs of a version are chosen, as `Pooling` of core; absent if they need no pool. */
const POOLING = `"poolNeeds" text, priority smallint, "fairnessKey" text, "fairnessWeight" double precision`;

const POOLING_COLUMNS = "pool_needs, pool_priority, pool_key, pool_weight";

/**
 * Functions that register, change and remove schedules.
 *
 * @param s - the schema, quoted
 */
export const scheduleFunctions = (s: string): string[] => [
  // Inserts version 1 of each. Returns those that are new.
  `CREATE OR REPLACE FUNCTION ${s}.insert_schedules(added json) RETURNS integer[] ${PLPGSQL_WITHOUT_TABLES} AS $$
  DECLARE
    made integer[];
  BEGIN
    WITH wanted AS MATERIALIZED (
      SELECT * FROM json_to_recordset(added) AS x (no integer, "groupId" text, status text, incarnation text,
        engine text, labels text[], origin bigint, watermark bigint, "nextFireAt" bigint, "laneWidth" integer, "delayMs" bigint, gating integer, spec text,
        tzdata text, "createdAt" bigint, ${POOLING})
    ), schedules AS (
      INSERT INTO ${s}.schedule (group_id, version, status, incarnation, engine, labels, origin, created_at, updated_at)
        SELECT "groupId", 1, status, incarnation, engine, labels, origin, "createdAt", "createdAt" FROM wanted
        ORDER BY "groupId"
        ON CONFLICT DO NOTHING RETURNING group_id
    ), fresh AS MATERIALIZED (
      SELECT w.* FROM wanted w JOIN schedules n ON n.group_id = w."groupId"
    ), states AS (
      INSERT INTO ${s}.schedule_state (group_id, incarnation, version, is_planning, watermark, next_fire_at, delay_ms,
          lane_width)
        SELECT "groupId", incarnation, 1, ${plans("status")}, watermark, "nextFireAt", "delayMs", "laneWidth" FROM fresh
    ), versions AS (
      INSERT INTO ${s}.schedule_version (group_id, version, spec, gating, tzdata, since, delay_ms, created_at, ${POOLING_COLUMNS})
        SELECT "groupId", 1, spec, coalesce(gating, 0), tzdata, watermark, "delayMs", "createdAt", "poolNeeds", priority,
            "fairnessKey", "fairnessWeight" FROM fresh
    )
    SELECT array_agg(no) INTO made FROM fresh;
    RETURN coalesce(made, '{}');
  END $$`,

  // Makes one change, if the schedule is still as expected. Its lock is held.
  `CREATE OR REPLACE FUNCTION ${s}.change_schedule(change json) RETURNS boolean ${PLPGSQL} AS $$
  DECLARE
    c record;
    t record;
    new_version integer;
    new_status text;
    new_watermark bigint;
    regated integer;
  BEGIN
    SELECT * INTO c FROM json_to_record(change) AS x ("groupId" text, version integer, statuses text[],
      "updatedAt" bigint, status text, "setsReason" boolean, "statusReason" text, "hasSpec" boolean, spec text,
      tzdata text, engine text, labels text[], "delayMs" bigint, gating integer, "laneWidth" integer, "setsNextFire" boolean,
      "nextFireAt" bigint, origin bigint, "cancelPlanned" text, "adoptsPlanned" boolean, "revivesReason" text,
      "revivesFrom" bigint, ${POOLING});
    SELECT d.version, d.status, d.origin, e.watermark INTO t FROM ${s}.schedule_state e
      JOIN ${s}.schedule d ON d.group_id = e.group_id WHERE e.group_id = c."groupId";
    IF NOT FOUND OR t.version <> c.version OR NOT t.status = ANY (c.statuses) THEN RETURN false; END IF;
    -- A ledger's beginning moves only while nothing was planned, and over no run of a backfill.
    IF c.origin IS NOT NULL AND (t.watermark <> t.origin OR c.origin <> t.origin
        AND EXISTS (SELECT FROM ${s}.run WHERE group_id = c."groupId")) THEN
      RETURN false;
    END IF;
    new_version := t.version + c."hasSpec"::int;
    new_status := coalesce(c.status, t.status);
    new_watermark := coalesce(c.origin, t.watermark);
    UPDATE ${s}.schedule SET version = new_version, status = new_status, origin = coalesce(c.origin, origin),
        status_reason = CASE WHEN c."setsReason" THEN c."statusReason" ELSE status_reason END,
        engine = coalesce(c.engine, engine), labels = coalesce(c.labels, labels), updated_at = c."updatedAt"
      WHERE group_id = c."groupId";
    UPDATE ${s}.schedule_state SET version = new_version, is_planning = ${plans("new_status")},
        watermark = new_watermark, delay_ms = coalesce(c."delayMs", delay_ms),
        next_fire_at = CASE WHEN c."setsNextFire" THEN c."nextFireAt" ELSE next_fire_at END
      WHERE group_id = c."groupId";
    IF c."hasSpec" THEN
      INSERT INTO ${s}.schedule_version (group_id, version, spec, gating, tzdata, since, delay_ms, created_at, ${POOLING_COLUMNS})
        VALUES (c."groupId", new_version, c.spec, coalesce(c.gating, 0), c.tzdata, new_watermark, c."delayMs", c."updatedAt",
          c."poolNeeds", c.priority, c."fairnessKey", c."fairnessWeight");
    END IF;
    IF c."cancelPlanned" IS NOT NULL THEN
      PERFORM ${s}.cancel_planned(c."groupId", c."cancelPlanned", c."updatedAt");
    END IF;
    IF c."adoptsPlanned" THEN
      UPDATE ${s}.run r SET schedule_version = new_version,
          operator = coalesce(${operatorOf(s, 'c."groupId"', "new_version")}, operator),
          gating = ${gatingOf(s, "r", "new_version")}
        WHERE group_id = c."groupId" AND place IN ('waiting', 'gated', 'ready');
      PERFORM ${s}.pool_runs(ARRAY(SELECT id FROM ${s}.run
        WHERE group_id = c."groupId" AND place IN ('waiting', 'gated', 'ready')));
      -- The gates of the new version are asked about all that are not between two attempts.
      UPDATE ${s}.run SET look_at = c."updatedAt", look = look + 1 WHERE group_id = c."groupId" AND place = 'gated';
      WITH fresh AS (
        UPDATE ${s}.run SET place = 'gated', ready_at = NULL, wait = ${gatedSince('c."updatedAt"')},
            look_at = c."updatedAt", look = look + 1
          WHERE group_id = c."groupId" AND place = 'ready' AND wait IS NULL AND gating > 0 RETURNING kind
      )
      SELECT count(*) INTO regated FROM fresh WHERE kind = 'SCHEDULED';
      IF regated > 0 THEN
        UPDATE ${s}.schedule_state SET admitted_runs = admitted_runs - regated, gated_runs = gated_runs + regated
          WHERE group_id = c."groupId";
        PERFORM ${s}.admit(ARRAY[c."groupId"], c."updatedAt");
      END IF;
    END IF;
    IF c."revivesReason" IS NOT NULL THEN
      PERFORM ${s}.revive_cancelled(c."groupId", c."revivesReason", c."revivesFrom", new_version, c."updatedAt");
    END IF;
    IF c."laneWidth" IS NOT NULL THEN PERFORM ${s}.resize_lane(c."groupId", c."laneWidth", c."updatedAt"); END IF;
    RETURN true;
  END $$`,

  // Cancels the planned runs of all kinds.
  `CREATE OR REPLACE FUNCTION ${s}.cancel_planned(the_group text, why text, at_time bigint) RETURNS void ${PLPGSQL} AS $$
  DECLARE
    changes json;
  BEGIN
    -- A claim takes no lock of the group: what it takes before this is active below.
    PERFORM FROM ${s}.run WHERE group_id = the_group AND place IN ('waiting', 'gated', 'ready')
      ORDER BY id FOR NO KEY UPDATE;
    SELECT json_agg(json_build_object('no', 0, 'id', id, 'from', 'PLANNED', 'state', 'CANCELLED',
        'sets', 9, 'reason', why, 'at', at_time, 'endedAt', at_time))
      INTO changes FROM ${s}.run
      WHERE group_id = the_group AND place IN ('waiting', 'gated', 'ready');
    IF changes IS NOT NULL THEN PERFORM ${s}.change_wave(changes); END IF;
  END $$`,

  reviveFunction(s),

  `CREATE OR REPLACE FUNCTION ${s}.change_schedules(changes json) RETURNS boolean[] ${PLPGSQL} AS $$
  DECLARE
    change json;
    answers boolean[] := '{}';
  BEGIN
    ${lockGroups(s, "changes")}
    FOR change IN SELECT value FROM json_array_elements(changes) LOOP
      answers := answers || ${s}.change_schedule(change);
    END LOOP;
    RETURN answers;
  END $$`,

  `CREATE OR REPLACE FUNCTION ${s}.purge_schedule(the_group text) RETURNS boolean ${PLPGSQL} AS $$
  BEGIN
    DELETE FROM ${s}.schedule_state WHERE group_id = the_group;
    IF NOT FOUND THEN RETURN false; END IF;
    DELETE FROM ${s}.run_input WHERE run_id = ANY (SELECT id FROM ${s}.run WHERE group_id = the_group);
    DELETE FROM ${s}.run WHERE group_id = the_group;
    DELETE FROM ${s}.backfill WHERE group_id = the_group;
    DELETE FROM ${s}.schedule_version WHERE group_id = the_group;
    DELETE FROM ${s}.schedule WHERE group_id = the_group;
    RETURN true;
  END $$`,
];

/**
 * Returns the function that plans runs again which were cancelled for a reason, one after the other: one may stand in the
 * way of the next. Those of time that was sealed since stay cancelled.
 *
 * @param s - the schema, quoted
 */
export const reviveFunction = (
  s: string,
): string => `CREATE OR REPLACE FUNCTION ${s}.revive_cancelled(the_group text, why text, from_time bigint, by_version integer,
      at_time bigint)
    RETURNS void ${PLPGSQL} AS $$
  DECLARE
    cancelled record;
  BEGIN
    FOR cancelled IN SELECT id, kind FROM ${s}.run r WHERE r.group_id = the_group
        AND (lower >= from_time OR kind <> 'SCHEDULED') AND state = 'CANCELLED' AND reason = why
        AND NOT EXISTS (SELECT FROM ${s}.seal k JOIN ${s}.schedule d ON d.group_id = k.group_id WHERE k.group_id = the_group
          AND r.lower < k.through AND r.upper > d.origin AND coalesce(r.ended_at, 0) <= k.sealed_at)
      ORDER BY lower, generation, upper LOOP
      PERFORM ${s}.change_wave(json_build_array(json_build_object('no', 0, 'id', cancelled.id,
        'from', 'CANCELLED', 'state', 'PLANNED', 'at', at_time,
        'sets', ${SETS.reason | SETS.attempt | SETS.endedAt | SETS.scheduleVersion}, 'attempt', 0,
        'scheduleVersion', by_version)));
    END LOOP;
  END $$`;
