import type { EpochMs } from "@tidegate/core";
import { partOf } from "./lanes.js";
import type { RunRow } from "./run-rows.js";
import type { Tables } from "./tables.js";

/** The fields of a run that identify its interval and generation. */
type Generation = Pick<RunRow, "group_no" | "lower" | "upper" | "generation">;

/**
 * Supersedes earlier generations of an interval, which then block no longer: all of them if the run has
 * succeeded, those that ended without success if it is planned.
 */
export function supersede(
  tables: Pick<Tables, "statements" | "lanes" | "held">,
  run: Generation,
  which: "all" | "unsuccessful",
  at: EpochMs,
): void {
  const earlier = tables.statements.all<RunRow>(
    `SELECT * FROM run WHERE group_no = ? AND lower = ? AND upper = ? AND generation < ? AND is_superseded = 0`,
    run.group_no,
    run.lower,
    run.upper,
    run.generation,
  );
  for (const row of earlier) {
    const isUnsuccessful = row.state === "FAILED" || row.state === "CANCELLED" || row.state === "SKIPPED";
    if (which === "all" || isUnsuccessful) supersedeRow(tables, row, at);
  }
}

/** Supersedes one run, which then blocks no longer. */
export function supersedeRow(
  { statements, lanes, held }: Pick<Tables, "statements" | "lanes" | "held">,
  row: Pick<RunRow, "id" | "group_no" | "kind" | "place">,
  at: EpochMs,
): void {
  const place = row.place === "blocking" ? "none" : row.place;
  statements.run("UPDATE run SET is_superseded = 1, is_blocking = 0, place = ? WHERE id = ?", place, row.id);
  held.forget(row.id);
  lanes.move(row.group_no, row.id, partOf(row), partOf({ ...row, place }), at);
}
