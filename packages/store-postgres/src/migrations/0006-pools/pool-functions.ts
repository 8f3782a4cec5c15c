import { CLAIM_QUEUES } from "@tidegate/core/store";
import { PLPGSQL } from "../0002-places/language.js";
import { PLAN_PARAMETERS } from "../0002-places/plan-functions.js";

const QUEUES = CLAIM_QUEUES.length;

const READY = "r.pool_needs IS NOT NULL AND r.place = 'ready'";
const ACTIVE = "r.pool_needs IS NOT NULL AND r.place = 'active'";
const LINE = "r.pool_needs, r.queue, r.pool_priority, r.operator, r.pool_key";

const idsOf = (ids: string): string => `ARRAY(SELECT json_array_elements_text(${ids}))`;

/**
 * Functions of pools, and of the runs that they choose.
 *
 * @param s - the schema, quoted
 */
export const poolFunctions = (s: string): string[] => [
  // Has runs be chosen by the pools and the priority of their version; then their queue is one of those of pools.
  `CREATE OR REPLACE FUNCTION ${s}.pool_runs(ids text[]) RETURNS void ${PLPGSQL} AS $$
  BEGIN
    UPDATE ${s}.run r SET pool_needs = v.pool_needs, pool_priority = v.pool_priority, pool_key = v.pool_key,
        pool_weight = v.pool_weight, queue = r.queue % ${QUEUES} + ${QUEUES} * (v.pool_needs IS NOT NULL)::int
      FROM ${s}.schedule_version v
      WHERE r.id = ANY (ids) AND v.group_id = r.group_id AND v.version = r.schedule_version
        AND (r.pool_needs, r.pool_priority, r.pool_key, r.pool_weight)
          IS DISTINCT FROM (v.pool_needs, v.pool_priority, v.pool_key, v.pool_weight);
  END $$`,

  // The writes that insert runs, for those that pools choose: others do not pay for it.
  `CREATE OR REPLACE FUNCTION ${s}.plan_pooled(${PLAN_PARAMETERS.types}, text[]) RETURNS integer[] ${PLPGSQL} AS $$
  DECLARE
    made integer[];
  BEGIN
    made := ${s}.plan_wave(${PLAN_PARAMETERS.passed});
    PERFORM ${s}.pool_runs($${PLAN_PARAMETERS.count + 1});
    RETURN made;
  END $$`,

  `CREATE OR REPLACE FUNCTION ${s}.insert_runs_pooled(runs json, is_exclusive boolean, ids json) RETURNS boolean[] ${PLPGSQL} AS $$
  DECLARE
    made boolean[];
  BEGIN
    made := ${s}.insert_runs(runs, is_exclusive);
    PERFORM ${s}.pool_runs(${idsOf("ids")});
    RETURN made;
  END $$`,

  `CREATE OR REPLACE FUNCTION ${s}.plan_backfill_pooled(step json, runs json, ids json) RETURNS boolean ${PLPGSQL} AS $$
  DECLARE
    is_made boolean;
  BEGIN
    is_made := ${s}.plan_backfill(step, runs);
    PERFORM ${s}.pool_runs(${idsOf("ids")});
    RETURN is_made;
  END $$`,

  hasPooledFunction(s),

  // Returns what a choice relies on. The pools are read first: a claim that comes between makes their versions old.
  `CREATE OR REPLACE FUNCTION ${s}.pools_view(at_most integer) RETURNS json ${PLPGSQL} AS $$
  DECLARE
    states json;
    active_runs json;
    slots_used jsonb;
    all_lines json[] := '{}';
    l record;
    after_needs text := '';
    most bigint;
    heads json;
  BEGIN
    SELECT coalesce(json_agg(p ORDER BY p.name), '[]') INTO states FROM ${s}.pool p;
    SELECT coalesce(json_agg(a), '[]') INTO active_runs FROM (
      SELECT r.pool_needs AS needs, r.queue, r.kind, count(*) AS runs FROM ${s}.run r WHERE ${ACTIVE}
        GROUP BY r.pool_needs, r.queue, r.kind) a;
    SELECT coalesce(jsonb_object_agg(u.name, u.slots), '{}') INTO slots_used FROM (
      SELECT n.key AS name, sum(n.value::bigint * a.runs) AS slots
        FROM json_to_recordset(active_runs) AS a (needs text, runs bigint) CROSS JOIN LATERAL json_each_text(a.needs::json) n
        GROUP BY n.key) u;
    SELECT ${LINE} INTO l FROM ${s}.run r WHERE ${READY} ORDER BY ${LINE} LIMIT 1;
    WHILE l.pool_needs IS NOT NULL LOOP
      -- 'PoolRooms.mostOf' of core.
      IF l.pool_needs <> after_needs THEN
        after_needs := l.pool_needs;
        SELECT CASE WHEN count(*) = 0 THEN at_most WHEN bool_and(coalesce(u.free, 0) <= 0) THEN 0
            ELSE least(at_most, greatest(1, min(greatest(0, coalesce(u.free, 0)) / least(u.need, coalesce(u.slots, 1))))) END
          INTO most FROM (
            SELECT n.value::bigint AS need, p.slots, p.slots - coalesce((slots_used->>n.key)::bigint, 0) AS free
              FROM json_each_text(l.pool_needs::json) n LEFT JOIN ${s}.pool p ON p.name = n.key) u;
      END IF;
      IF most > 0 THEN
        SELECT coalesce(json_agg(h), '[]') INTO heads FROM (
          SELECT r.id, r.kind, r.ready_at, r.pool_weight FROM ${s}.run r WHERE ${READY}
              AND r.pool_needs = l.pool_needs AND r.queue = l.queue AND r.pool_priority = l.pool_priority
              AND r.operator = l.operator AND r.pool_key = l.pool_key
            ORDER BY r.ready_at, r.id LIMIT most) h;
        all_lines := all_lines || json_build_object('needs', l.pool_needs, 'queue', l.queue, 'priority', l.pool_priority,
          'operator', l.operator, 'fairnessKey', l.pool_key, 'heads', heads);
        SELECT ${LINE} INTO l FROM ${s}.run r WHERE ${READY}
          AND (${LINE}) > (l.pool_needs, l.queue, l.pool_priority, l.operator, l.pool_key) ORDER BY ${LINE} LIMIT 1;
      ELSE
        SELECT ${LINE} INTO l FROM ${s}.run r WHERE ${READY} AND r.pool_needs > l.pool_needs ORDER BY ${LINE} LIMIT 1;
      END IF;
    END LOOP;
    RETURN json_build_object('pools', states, 'active', active_runs, 'lines', to_json(all_lines));
  END $$`,

  // Claims what was chosen, if the pools are as they were seen. The pools are locked first, and runs that another
  // manager is claiming are skipped, so that nothing waits here for what waits for a pool.
  `CREATE OR REPLACE FUNCTION ${s}.claim_pooled(by_owner text, chosen json, draws json, at_time bigint, until bigint)
    RETURNS SETOF ${s}.run ${PLPGSQL} AS $$
  DECLARE
    seen integer;
  BEGIN
    WITH drawn AS MATERIALIZED (
      SELECT p.name, p.version FROM ${s}.pool p
        WHERE p.name = ANY (ARRAY(SELECT d.name FROM json_to_recordset(draws) AS d (name text)))
        ORDER BY p.name FOR NO KEY UPDATE
    )
    SELECT count(*) INTO seen FROM drawn p
      JOIN json_to_recordset(draws) AS d (name text, version bigint) ON d.name = p.name AND d.version = p.version;
    IF seen < json_array_length(draws) THEN RETURN; END IF;
    UPDATE ${s}.pool p SET version = p.version + 1, record = d.record
      FROM json_to_recordset(draws) AS d (name text, record text) WHERE p.name = d.name;
    RETURN QUERY WITH due AS MATERIALIZED (
      SELECT r.id FROM json_to_recordset(chosen) AS c (id text, needs text) JOIN ${s}.run r ON r.id = c.id
        WHERE r.place = 'ready' AND r.pool_needs = c.needs
        ORDER BY r.id FOR NO KEY UPDATE OF r SKIP LOCKED
    )
    UPDATE ${s}.run r SET state = 'SUBMITTING', place = 'active', attempt = r.attempt + 1, submitted_at = at_time,
        token = r.token + 1, owner = by_owner, ready_at = NULL, lease_until = until, wait = NULL, is_job_open = true
      FROM due d WHERE r.id = d.id
      RETURNING r.*;
  END $$`,

  // Deletes a pool, unless a schedule that is not deleted or a planned run needs it.
  `CREATE OR REPLACE FUNCTION ${s}.delete_pool(the_name text) RETURNS text ${PLPGSQL} AS $$
  DECLARE
    needle text := '"' || the_name || '":';
  BEGIN
    PERFORM FROM ${s}.pool WHERE name = the_name FOR UPDATE;
    IF NOT FOUND THEN RETURN 'unknown'; END IF;
    IF EXISTS (SELECT FROM ${s}.schedule_version v JOIN ${s}.schedule d ON d.group_id = v.group_id AND d.version = v.version
          WHERE v.pool_needs IS NOT NULL AND strpos(v.pool_needs, needle) > 0 AND d.status <> 'DELETED')
        OR EXISTS (SELECT FROM ${s}.schedule_version v JOIN ${s}.run r ON r.group_id = v.group_id AND r.schedule_version = v.version
          WHERE v.pool_needs IS NOT NULL AND strpos(v.pool_needs, needle) > 0 AND r.place IN ('waiting', 'gated', 'ready')) THEN
      RETURN 'used';
    END IF;
    DELETE FROM ${s}.pool WHERE name = the_name;
    RETURN 'deleted';
  END $$`,
];

/**
 * The function that returns whether any ready run is to be chosen by pools. Only the index of such runs has the order
 * that it asks for without a sort: that of all ready runs keeps an entry of each one while a snapshot is open.
 *
 * @param s - the schema, quoted
 */
export const hasPooledFunction = (s: string): string =>
  `CREATE OR REPLACE FUNCTION ${s}.has_pooled() RETURNS boolean ${PLPGSQL} SET enable_sort = off AS $$
  BEGIN
    PERFORM FROM ${s}.run r WHERE ${READY} ORDER BY r.pool_needs LIMIT 1;
    RETURN FOUND;
  END $$`;
