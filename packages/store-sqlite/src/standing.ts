import type { Run } from "@tidegate/core";
import type { OpenRuns } from "@tidegate/core/store";
import { longestRunMs } from "./longest-run.js";
import type { RunRow } from "./run-rows.js";
import type { Statements } from "./statements.js";
import type { Tables } from "./tables.js";

const STANDING = `SELECT lower, upper, state FROM run WHERE group_no = ? AND lower >= ? AND lower < ? AND upper > ? AND id <> ?
  AND lower < upper AND is_superseded = 0 AND (state NOT IN ('SKIPPED', 'CANCELLED') OR state = 'CANCELLED' AND reason IN ('overlap-cancelled', 'source-expired'))`;

const NEWEST_SNAPSHOT = `SELECT id, kind, lower, upper, place FROM run INDEXED BY run_snapshot WHERE snapshot IS NOT NULL AND group_no = ?
  AND id <> ? AND is_superseded = 0 AND state NOT IN ('SKIPPED', 'CANCELLED')
  ORDER BY lower DESC, generation DESC, upper DESC LIMIT 1`;

/** Returns the newest snapshot of a group that stands, but for one run. */
export function newestSnapshot(
  statements: Statements,
  groupNo: number,
  except = "",
): Pick<Run, "id" | "kind" | "lower" | "upper" | "place"> | undefined {
  return statements.get(NEWEST_SNAPSHOT, groupNo, except);
}

/** Returns the other runs that stand for any of a run's interval, or that nothing covers yet. */
export function standingFor(
  statements: Statements,
  { group_no, lower, upper, id }: Pick<RunRow, "group_no" | "lower" | "upper" | "id">,
): Pick<Run, "lower" | "upper" | "state">[] {
  return statements.all(STANDING, group_no, lower - longestRunMs(statements, group_no), upper, lower, id);
}

const OPEN_SNAPSHOT = `SELECT 1 FROM run INDEXED BY run_snapshot WHERE snapshot IS NOT NULL AND group_no = ?
  AND state IN ('PLANNED', 'SUBMITTING', 'RUNNING') LIMIT 1`;

/** Returns whether a group has an open run of a set. */
export function hasOpen({ statements, lanes }: Tables, no: number, which: OpenRuns): boolean {
  if (which === "snapshots") return statements.get(OPEN_SNAPSHOT, no) !== undefined;
  const { admitted, beside, gated, waiting } = lanes.of(no);
  return beside.length > 0 || (which === "any" && admitted.length + gated + waiting > 0);
}
