import type { ReportCommit } from "@tidegate/core/store";
import { longestRunMs } from "./longest-run.js";
import { insertRun } from "./run-rows.js";
import { isSealAsRead } from "./seals.js";
import type { Tables } from "./tables.js";

const SOURCE = `SELECT s.no FROM schedule s WHERE s.group_id = ? AND s.status = 'SOURCE' AND s.incarnation = ?`;

const STANDING = `SELECT id FROM run WHERE group_no = ? AND lower >= ? AND lower < ? AND upper > ? AND is_superseded = 0`;

const ADVANCE = `UPDATE schedule_state SET watermark = max(watermark, ?), longest_run_ms = max(longest_run_ms, ?),
  run_count = run_count + ? WHERE no = ?`;

/** Writes a report of a source group's coverage: see `ScheduleStore.report`. */
export function report(tables: Tables, commit: ReportCommit): boolean {
  const { statements, groups, states, held, sleepers, inputs } = tables;
  const { groupId, incarnation, lower, upper, standing, supersedes, runs } = commit;
  const source = statements.get<{ no: number }>(SOURCE, groupId, incarnation);
  if (source === undefined || !isSealAsRead(tables, groupId, commit)) return false;
  const { no } = source;
  const first = lower - longestRunMs(statements, no);
  const found = statements.all<{ id: string }>(STANDING, no, first, upper, lower).map(({ id }) => id);
  const isAsRead = found.length === standing.length && found.every((id) => standing.includes(id));
  if (!isAsRead || !supersedes.every((id) => found.includes(id))) return false;
  for (const [index, run] of runs.entries()) {
    if (insertRun(statements, no, run, { place: "none" })) continue;
    for (const { id } of runs.slice(0, index)) statements.run("DELETE FROM run WHERE id = ?", id);
    return false;
  }
  for (const run of runs)
    statements.run("UPDATE run SET report = ? WHERE id = ?", JSON.stringify(run.report), run.id);
  for (const id of supersedes) {
    statements.run("UPDATE run SET is_superseded = 1 WHERE id = ?", id);
    held.forget(id);
  }
  const longest = Math.max(...runs.map((run) => run.upper - run.lower));
  statements.run(ADVANCE, Math.max(...runs.map((run) => run.upper)), longest, runs.length, no);
  states.forget(no);
  const origin = Math.min(...runs.map((run) => run.lower));
  statements.run("UPDATE schedule SET origin = min(origin, ?) WHERE no = ?", origin, no);
  if (!sleepers.isEmpty) sleepers.wake(groups.idOf(no));
  for (const run of runs) inputs.mark(groupId, run, run.plannedAt);
  return true;
}
