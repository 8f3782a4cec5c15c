import { FOLLOWING_STATES } from "@tidegate/core/store";
import { PLPGSQL } from "../0002-places/language.js";
import { PLAN_PARAMETERS } from "../0002-places/plan-functions.js";

const FOLLOWING = FOLLOWING_STATES.map((state) => `'${state}'`).join(", ");
const { count } = PLAN_PARAMETERS;

/**
 * Functions that keep snapshots and other runs from writing beside each other.
 *
 * @param s - the schema, quoted
 */
export const copyFunctions = (s: string): string[] => [
  // `isBehind` of core: whether the newest snapshot that stands, but for one run, ends after an instant.
  `CREATE FUNCTION ${s}.is_behind(the_group text, the_lower bigint, the_id text) RETURNS boolean ${PLPGSQL} AS $$
  BEGIN
    RETURN coalesce((SELECT r.upper > the_lower FROM ${s}.run r WHERE r.group_id = the_group AND r.snapshot IS NOT NULL
        AND r.id <> the_id AND NOT r.is_superseded AND r.state NOT IN ('SKIPPED', 'CANCELLED')
      ORDER BY r.lower DESC, r.generation DESC, r.upper DESC LIMIT 1), false);
  END $$`,

  // `goesBefore` of core, for a run of the lane: whether the newest other snapshot waits behind it in a lane of one place.
  `CREATE FUNCTION ${s}.goes_before(the_group text, the_lower bigint, the_id text) RETURNS boolean ${PLPGSQL} AS $$
  BEGIN
    RETURN coalesce((SELECT r.place = 'waiting' AND r.kind = 'SCHEDULED' AND r.lower > the_lower FROM ${s}.run r
        WHERE r.group_id = the_group AND r.snapshot IS NOT NULL AND r.id <> the_id AND NOT r.is_superseded
          AND r.state NOT IN ('SKIPPED', 'CANCELLED')
        ORDER BY r.lower DESC, r.generation DESC, r.upper DESC LIMIT 1)
      AND (SELECT t.lane_width <= 1 FROM ${s}.schedule_state t WHERE t.group_id = the_group), false);
  END $$`,

  // Whether a group has an open run of a set: see `OpenRuns` of core. The group is locked, so that none is added; one
  // that a claim is taking stays open.
  `CREATE FUNCTION ${s}.has_open(the_group text, which text) RETURNS boolean ${PLPGSQL} AS $$
  BEGIN
    IF which = 'snapshots' THEN
      RETURN EXISTS (SELECT FROM ${s}.run r WHERE r.group_id = the_group AND r.snapshot IS NOT NULL
        AND r.state IN ('PLANNED', 'SUBMITTING', 'RUNNING'));
    END IF;
    RETURN EXISTS (SELECT FROM ${s}.run r WHERE r.group_id = the_group AND r.place IN ('waiting', 'gated', 'ready')
        AND (which = 'any' OR r.kind <> 'SCHEDULED'))
      OR EXISTS (SELECT FROM ${s}.run r WHERE r.group_id = the_group AND r.place = 'active' AND r.lease_until IS NOT NULL
        AND (which = 'any' OR r.kind <> 'SCHEDULED'));
  END $$`,

  // Whether a snapshot may be made again: no run behind it is open or has succeeded, and none is open beside it.
  `CREATE FUNCTION ${s}.may_copy_again(the_group text, the_upper bigint) RETURNS boolean ${PLPGSQL} AS $$
  BEGIN
    RETURN NOT EXISTS (SELECT FROM ${s}.run r WHERE r.group_id = the_group AND r.lower >= the_upper
        AND NOT r.is_superseded AND r.state IN (${FOLLOWING}))
      AND NOT ${s}.has_open(the_group, (SELECT CASE WHEN t.lane_width > 1 THEN 'any' ELSE 'beside' END
        FROM ${s}.schedule_state t WHERE t.group_id = the_group));
  END $$`,

  // Makes one step as plan_pooled does, unless its group has an open run of a set.
  `CREATE FUNCTION ${s}.plan_unless(${PLAN_PARAMETERS.types}, text[], text) RETURNS integer[] ${PLPGSQL} AS $$
  BEGIN
    PERFORM FROM ${s}.schedule_state WHERE group_id = $2[1] FOR NO KEY UPDATE;
    IF ${s}.has_open($2[1], $${count + 2}) THEN RETURN '{}'; END IF;
    RETURN ${s}.plan_pooled(${PLAN_PARAMETERS.passed}, $${count + 1});
  END $$`,
];
