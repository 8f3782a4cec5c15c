import { PLPGSQL } from "../0002-places/language.js";

/**
 * Functions for seals and for writes that are decided on them.
 *
 * @param s - the schema, quoted
 */
export const sealFunctions = (s: string): string[] => [
  // Whether a group has the seal that a caller has read. The group is locked, so that no other comes.
  `CREATE FUNCTION ${s}.is_sealed_as(the_group text, the_end bigint) RETURNS boolean ${PLPGSQL} AS $$
  BEGIN
    RETURN (SELECT k.through FROM ${s}.seal k WHERE k.group_id = the_group) IS NOT DISTINCT FROM the_end;
  END $$`,

  // Whether any of a group's time is still to be written. The group is locked, so that nothing is added; a run that a claim
  // is taking stays open.
  `CREATE FUNCTION ${s}.is_being_written(the_group text, the_origin bigint, the_end bigint) RETURNS boolean ${PLPGSQL} AS $$
  BEGIN
    RETURN ${s}.has_open(the_group, 'snapshots')
      OR EXISTS (SELECT FROM ${s}.run r WHERE r.group_id = the_group AND r.place IN ('waiting', 'gated', 'ready')
        AND r.lower < the_end AND r.upper > the_origin)
      OR EXISTS (SELECT FROM ${s}.run r WHERE r.group_id = the_group AND r.place = 'active' AND r.lease_until IS NOT NULL
        AND r.lower < the_end AND r.upper > the_origin)
      OR EXISTS (SELECT FROM ${s}.backfill b WHERE b.group_id = the_group AND b.state = 'RUNNING'
        AND least(b.lower, b.cursor) < the_end);
  END $$`,

  // Writes a seal if the ledger and the seal are as they were read, and no more time is closed than is at rest.
  `CREATE FUNCTION ${s}.put_seal(the_group text, the_incarnation text, the_former_end bigint, the_end bigint, the_note text,
      the_time bigint) RETURNS boolean ${PLPGSQL} AS $$
  DECLARE
    the_origin bigint;
  BEGIN
    PERFORM FROM ${s}.schedule_state t WHERE t.group_id = the_group FOR NO KEY UPDATE;
    SELECT d.origin INTO the_origin FROM ${s}.schedule d WHERE d.group_id = the_group AND d.incarnation = the_incarnation;
    IF NOT FOUND OR NOT ${s}.is_sealed_as(the_group, the_former_end) THEN RETURN false; END IF;
    IF (the_former_end IS NULL OR the_end > the_former_end) AND ${s}.is_being_written(the_group, the_origin, the_end) THEN
      RETURN false;
    END IF;
    -- An earlier release writes seals without the lock.
    INSERT INTO ${s}.seal AS k (group_id, through, note, sealed_at) VALUES (the_group, the_end, the_note, the_time)
      ON CONFLICT (group_id) DO UPDATE SET through = excluded.through, note = excluded.note, sealed_at = excluded.sealed_at
        WHERE k.through = the_former_end;
    RETURN FOUND;
  END $$`,
];
