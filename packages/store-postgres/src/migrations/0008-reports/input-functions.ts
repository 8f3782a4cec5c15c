import { PLPGSQL } from "../0002-places/language.js";
import { reaches } from "./reaches.js";

const INPUT = `"groupId" text, lower bigint, upper bigint, digest text, missing json, "isIgnored" boolean`;

/**
 * Returns the statement that sets `digested` to the successful runs of `the_group` from `the_lower` to `the_upper`,
 * by generation.
 */
export const digestedInto = (
  s: string,
): string => `SELECT string_agg(format('%s-%s:%s', greatest(i.its_lower, the_lower), least(i.its_upper, the_upper), i.generation),
        chr(10) ORDER BY i.island) INTO digested
      FROM (
        SELECT n.island, n.generation, min(n.lower) AS its_lower, max(n.upper) AS its_upper FROM (
          SELECT m.*, sum(m.is_first) OVER (ORDER BY m.lower, m.generation, m.upper) AS island FROM (
            SELECT r.lower, r.generation, r.upper, (lag(r.upper) OVER runs IS DISTINCT FROM r.lower
                OR lag(r.generation) OVER runs IS DISTINCT FROM r.generation)::int AS is_first
              FROM ${s}.run r WHERE ${reaches(s, "r")} AND r.state = 'SUCCEEDED' AND NOT r.is_superseded
                AND r.lower < r.upper
              WINDOW runs AS (ORDER BY r.lower, r.generation, r.upper)
          ) m
        ) n GROUP BY n.island, n.generation
      ) i;`;

/**
 * Functions for what runs have read of other groups, and whether it still is what there is.
 *
 * @param s - the schema, quoted
 */
export const inputFunctions = (s: string): string[] => [
  // `generationDigestOf` of core as SQL.
  `CREATE FUNCTION ${s}.generation_digest(the_group text, the_lower bigint, the_upper bigint) RETURNS text
    LANGUAGE plpgsql STABLE SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off AS $$
  DECLARE
    digested text;
  BEGIN
    ${digestedInto(s)}
    RETURN left(encode(sha256(convert_to(concat_ws(chr(10),
      coalesce((SELECT t.incarnation FROM ${s}.schedule_state t WHERE t.group_id = the_group), ''), digested),
      'UTF8')), 'hex'), 16);
  END $$`,

  // Whether all inputs are as they were found. Their groups are locked.
  `CREATE FUNCTION ${s}.are_current(the_inputs json) RETURNS boolean ${PLPGSQL} AS $$
  BEGIN
    RETURN NOT EXISTS (SELECT FROM json_to_recordset(the_inputs) AS x (${INPUT})
      WHERE ${s}.generation_digest(x."groupId", x.lower, x.upper) <> x.digest);
  END $$`,

  // Sets the inputs of a run, which then is not stale.
  `CREATE FUNCTION ${s}.set_inputs(the_run text, the_inputs json) RETURNS void ${PLPGSQL} AS $$
  BEGIN
    DELETE FROM ${s}.run_input WHERE run_id = the_run;
    UPDATE ${s}.run SET inputs = nullif(the_inputs::text, '[]'), stale_at = NULL, is_stale_noted = false
      WHERE id = the_run;
    INSERT INTO ${s}.run_input (group_id, upper, lower, run_id, digest, is_partial)
      SELECT x."groupId", x.upper, x.lower, the_run, x.digest, json_array_length(coalesce(x.missing, '[]')) > 0
        FROM json_to_recordset(the_inputs) AS x (${INPUT}) WHERE x."isIgnored" IS NOT true ON CONFLICT DO NOTHING;
    INSERT INTO ${s}.input_reach AS r (group_id, longest_ms)
      SELECT x."groupId", max(x.upper - x.lower) FROM json_to_recordset(the_inputs) AS x (${INPUT})
        WHERE x."isIgnored" IS NOT true GROUP BY x."groupId" ORDER BY x."groupId"
      ON CONFLICT (group_id) DO UPDATE SET longest_ms = excluded.longest_ms
        WHERE r.longest_ms < excluded.longest_ms;
  END $$`,

  // Makes the runs stale that have read other data in this time of the group than there are now. A first
  // generation changes only what was missing.
  `CREATE FUNCTION ${s}.mark_stale(the_group text, the_lower bigint, the_upper bigint, is_again boolean, at_time bigint)
    RETURNS void ${PLPGSQL} AS $$
  DECLARE
    readers text[];
  BEGIN
    readers := ARRAY(SELECT DISTINCT i.run_id FROM ${s}.run_input i
      WHERE i.group_id = the_group AND i.upper > the_lower AND i.lower < the_upper AND (is_again OR i.is_partial)
        AND i.upper < the_upper + (SELECT longest_ms FROM ${s}.input_reach WHERE group_id = the_group)
        AND i.digest <> ${s}.generation_digest(i.group_id, i.lower, i.upper));
    IF cardinality(readers) = 0 THEN RETURN; END IF;
    PERFORM FROM ${s}.run WHERE id = ANY (readers) ORDER BY id FOR NO KEY UPDATE;
    UPDATE ${s}.run SET stale_at = at_time WHERE id = ANY (readers) AND NOT is_superseded;
  END $$`,
];
