import type { Run } from "@tidegate/core";
import { longestRunMs } from "./longest-run.js";
import type { RunRow } from "./run-rows.js";
import type { Statements } from "./statements.js";

const STANDING = `SELECT lower, upper, state FROM run WHERE group_no = ? AND lower >= ? AND lower < ? AND upper > ? AND id <> ?
  AND is_superseded = 0 AND (state NOT IN ('SKIPPED', 'CANCELLED') OR state = 'CANCELLED' AND reason = 'overlap-cancelled')`;

/** Returns the other runs that stand for any of a run's interval, or that nothing covers yet. */
export function standingFor(
  statements: Statements,
  { group_no, lower, upper, id }: Pick<RunRow, "group_no" | "lower" | "upper" | "id">,
): Pick<Run, "lower" | "upper" | "state">[] {
  return statements.all(STANDING, group_no, lower - longestRunMs(statements, group_no), upper, lower, id);
}
