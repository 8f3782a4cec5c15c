import type { EpochMs } from "@tidegate/core";
import type { Statements } from "./statements.js";

/**
 * The lateness beyond which runs are counted as they are planned, ms: that of descriptions. Others are counted by a scan
 * of the group's runs.
 */
const COUNTED_MS = 1_000;

/** The fields of a run that decide whether it is late. */
interface PlannedRun {
  readonly kind: string;
  readonly scheduledTime: EpochMs;
  readonly plannedAt: EpochMs;
}

/** Returns how many of these runs are counted as late, by the delay of their version, ms. */
export function lateAmong(runs: readonly PlannedRun[], delayMs: number): number {
  let late = 0;
  for (const { kind, scheduledTime, plannedAt } of runs)
    if (kind === "SCHEDULED" && plannedAt - scheduledTime - delayMs > COUNTED_MS) late += 1;
  return late;
}

const SCAN = (among: string): string => `SELECT count(*) AS late FROM run JOIN (
    SELECT version, json_extract(spec, '$.delayMs') AS delay_ms FROM schedule_version WHERE schedule_no = ?1
  ) v ON v.version = run.schedule_version
  WHERE group_no = ?1 AND kind = 'SCHEDULED' AND planned_at - scheduled_time - v.delay_ms > ?2 ${among}`;

const OF_GROUP = SCAN("");
const OF_PLANNED = SCAN("AND state = 'PLANNED'");
const OF_ONE = SCAN("AND no = ?3");

/** Returns how many runs of a group were planned later than the tolerance after they were due: see `RunTally.late`. */
export function countLate(statements: Statements, groupNo: number, toleranceMs: number): number {
  const counted = "SELECT late_runs AS late FROM schedule_state WHERE no = ?";
  if (toleranceMs === COUNTED_MS) return statements.get<{ late: number }>(counted, groupNo)?.late ?? 0;
  return statements.get<{ late: number }>(OF_GROUP, groupNo, toleranceMs)!.late;
}

/**
 * Gives runs another version, and counts them by its delay.
 *
 * @param no - the run's; all planned runs of the group if it is not given
 */
export function withOtherVersion(
  statements: Statements,
  groupNo: number,
  no: number | undefined,
  change: () => void,
): void {
  const values = no === undefined ? [groupNo, COUNTED_MS] : [groupNo, COUNTED_MS, no];
  const text = no === undefined ? OF_PLANNED : OF_ONE;
  const count = (): number => statements.get<{ late: number }>(text, ...values)!.late;
  const before = count();
  change();
  const more = count() - before;
  if (more !== 0)
    statements.run("UPDATE schedule_state SET late_runs = late_runs + ? WHERE no = ?", more, groupNo);
}
