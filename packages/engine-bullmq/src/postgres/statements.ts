import { quoteSchemaName } from "bullmq";

/** Statements on a table of schedules, each a transaction of its own. */
export type Statements = ReturnType<typeof statementsOn>;

/** The database's own time, ms. */
const MOMENT = `
moment AS MATERIALIZED (SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now)`;

/**
 * A fire must also be due by the caller's clock, which the ledger uses, so that the ledger does not find it
 * too early.
 */
const dueBy = (callerNow: string): string => `least((SELECT now FROM moment), ${callerNow}::bigint)`;

/**
 * Selects those of the given fires that are leased until the first parameter and whose definition is
 * unchanged.
 */
const heldIn = (table: string): string => `
  SELECT group_id FROM ${table} AS schedule JOIN fire USING (group_id)
  WHERE schedule.look_at = $1::bigint AND schedule.version = fire.version
    AND schedule.delay_ms = fire.delay_ms AND schedule.fire_at = fire.fire_at
  ORDER BY group_id FOR UPDATE OF schedule`;

/** All statements lock rows in the order of group ids, or skip locked ones, so that they cannot deadlock. */
export function statementsOn(schemaName: string) {
  const schema = quoteSchemaName(schemaName);
  const table = `${schema}.tidegate_schedule`;
  const ticker = `${schema}.tidegate_ticker`;
  return {
    /** Parameters: group ids, versions, delays, due times. */
    register: `
INSERT INTO ${table} (group_id, version, delay_ms, fire_at, look_at)
SELECT DISTINCT ON (group_id COLLATE "C") group_id, version, delay_ms, fire_at, fire_at
FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[])
  WITH ORDINALITY AS given (group_id, version, delay_ms, fire_at, position)
ORDER BY group_id COLLATE "C", position DESC
ON CONFLICT (group_id) DO UPDATE SET
  version = excluded.version, delay_ms = excluded.delay_ms, fire_at = excluded.fire_at, look_at = excluded.look_at`,

    /** Parameter: group ids. */
    unregister: `
WITH gone AS MATERIALIZED (
  SELECT group_id FROM ${table} WHERE group_id = ANY ($1::text[]) ORDER BY group_id FOR UPDATE)
DELETE FROM ${table} AS schedule USING gone WHERE schedule.group_id = gone.group_id`,

    /**
     * Parameters: group ids, each once, and when they are due. The due time of a fire that is leased changes
     * in any case, which ends the lease as a token, so that its answer is not written over the move.
     */
    hasten: `
WITH moved AS MATERIALIZED (SELECT * FROM unnest($1::text[], $2::bigint[]) AS given (group_id, move_to)),
behind AS MATERIALIZED (
  SELECT group_id, move_to FROM ${table} AS schedule JOIN moved USING (group_id)
  WHERE look_at IS NULL OR look_at <> fire_at OR move_to < look_at
  ORDER BY group_id FOR UPDATE OF schedule)
UPDATE ${table} AS schedule SET fire_at = move_to, look_at = least(look_at, move_to)
FROM behind WHERE schedule.group_id = behind.group_id`,

    /** Parameters: the group id to list after, the maximum number. */
    list: `
SELECT group_id AS "groupId", version FROM ${table} WHERE group_id > $1 ORDER BY group_id LIMIT $2::integer`,

    /**
     * Parameters: the caller, the duration of the ticker's role in ms, the caller's time, the maximum number
     * of fires to count, the queue of calls. The id of the data changes when the table is made again or
     * emptied, and with each start of the server, since a crash undoes what was just registered.
     */
    look: `
WITH ${MOMENT}, claimed AS (
  UPDATE ${ticker} SET owner = $1, until = (SELECT now FROM moment) + $2::bigint
  WHERE until <= (SELECT now FROM moment) OR (owner = $1 AND until < (SELECT now FROM moment) + $2::bigint / 2)
  RETURNING 1),
office AS MATERIALIZED (
  SELECT EXISTS (SELECT FROM claimed) OR (owner = $1 AND until > now) AS is_ticker, until - now AS left_ms
  FROM ${ticker}, moment)
SELECT is_ticker AS "isTicker", left_ms::float8 AS "leftMs",
  CASE WHEN is_ticker THEN (SELECT count(*) FROM
    (SELECT FROM ${table} WHERE look_at <= ${dueBy("$3")} LIMIT $4::integer) AS counted) END::float8 AS due,
  CASE WHEN is_ticker THEN
    (SELECT count(*) FROM ${schema}.job WHERE queue = $5 AND state = 'waiting') END::float8 AS waiting,
  CASE WHEN is_ticker THEN (SELECT min(look_at) FROM ${table}) - ${dueBy("$3")} END::float8 AS "firstInMs",
  pg_relation_filenode('${table}'::regclass) || ' ' || extract(epoch FROM pg_postmaster_start_time()) AS "dataId"
FROM office`,

    /**
     * Each fire leaves two dead entries at the low end of an index, where every check begins, and autovacuum
     * runs only once a minute. A user who does not own the tables gets a warning, and nothing happens.
     */
    clear: `VACUUM (INDEX_CLEANUP on, TRUNCATE off) ${table}, ${schema}.job`,

    /** Parameter: the caller. */
    resign: `UPDATE ${ticker} SET until = 0 WHERE owner = $1`,

    /** Parameters: the caller's time, the lease in ms, the maximum number. */
    take: `
WITH ${MOMENT}, due AS MATERIALIZED (
  SELECT group_id FROM ${table} WHERE look_at <= ${dueBy("$1")}
  ORDER BY look_at LIMIT $3::integer FOR UPDATE SKIP LOCKED),
taken AS (
  UPDATE ${table} AS schedule SET look_at = (SELECT now FROM moment) + $2::bigint
  WHERE group_id = ANY (ARRAY(SELECT group_id FROM due))
  RETURNING group_id, version, delay_ms, fire_at, look_at)
SELECT group_id AS "groupId", version, delay_ms::float8 AS "delayMs", fire_at::float8 AS "fireAt",
  look_at::float8 AS "leasedUntil"
FROM taken ORDER BY fire_at, group_id`,

    /** Parameters: end of the lease, group ids, versions, delays, due times, next due times. */
    settle: `
WITH fire AS MATERIALIZED (
  SELECT * FROM unnest($2::text[], $3::integer[], $4::bigint[], $5::bigint[], $6::bigint[])
    AS given (group_id, version, delay_ms, fire_at, next_fire_at)),
held AS MATERIALIZED (${heldIn(table)})
UPDATE ${table} AS schedule SET fire_at = next_fire_at, look_at = next_fire_at
FROM held JOIN fire USING (group_id) WHERE schedule.group_id = held.group_id`,

    /**
     * Parameters: end of the lease, group ids, versions, delays, due times, how many ms from now to postpone
     * them.
     */
    postpone: `
WITH ${MOMENT}, fire AS MATERIALIZED (
  SELECT * FROM unnest($2::text[], $3::integer[], $4::bigint[], $5::bigint[])
    AS given (group_id, version, delay_ms, fire_at)),
held AS MATERIALIZED (${heldIn(table)}),
kept AS (
  UPDATE ${table} AS schedule SET look_at = now + $6::bigint
  FROM held, moment WHERE schedule.group_id = held.group_id)
SELECT (now + $6::bigint)::float8 AS "leasedUntil" FROM moment`,
  };
}
