import type { RunReason } from "../../run/run.js";
import { NO_RUNS, type RunTally } from "../run-ledger.js";
import type { Group } from "./rows.js";

/** Counts over a group's whole ledger: see `ScheduleStore.tally`. */
export function tallyOf(group: Group | undefined, lateToleranceMs: number): RunTally {
  const byState = { ...NO_RUNS };
  const byReason: Partial<Record<RunReason, number>> = {};
  let late = 0;
  for (const { run } of group?.runs.rows() ?? []) {
    byState[run.state] += 1;
    if (run.reason !== null) byReason[run.reason] = (byReason[run.reason] ?? 0) + run.intervals;
    const dueAt = run.scheduledTime + delayOf(group, run.scheduleVersion);
    if (run.kind === "SCHEDULED" && run.plannedAt - dueAt > lateToleranceMs) late += 1;
  }
  return { byState, byReason, late };
}

/** Returns the delay of the version that planned a run. */
function delayOf(group: Group | undefined, version: number): number {
  return group?.versions[version - 1]?.spec.delayMs ?? 0;
}
