import type { EpochMs } from "../clock/clock.js";
import type { Run } from "../run/run.js";
import type { Grid } from "../schedule/grid.js";
import type { ScheduleSpec } from "../schedule/schedule.js";
import { decidePlan, type PlanDecision, type PlanInput, type PlannedInterval } from "./plan-decision.js";

/** A decision, and the cancelled runs whose intervals it covers. */
export interface CoveringDecision extends PlanDecision {
  readonly supersedes: readonly Run[];
  /** Those of them that became part of what is planned next, newest first; the others are planned again by themselves. */
  readonly merged: readonly Run[];
}

/**
 * Decides like `decidePlan`, and covers what the overlap policy has cancelled: runs that end at the watermark
 * become part of what is planned next if the policies merge intervals; all others are planned again with
 * their bounds. Pure.
 *
 * @param uncovered - see `isUncovered`
 */
export function decideCovering(input: PlanInput, uncovered: readonly Run[]): CoveringDecision {
  const decision = decidePlan(input);
  if (uncovered.length === 0) return { ...decision, supersedes: [], merged: [] };
  const merges = mergesCancelled(input.spec);
  // Once the lane is free, everything is covered in one plan.
  if (merges && decision.outcome === "deferred") return { ...decision, supersedes: [], merged: [] };
  const before = merges && decision.outcome === "planned" ? adjoining(uncovered, input.watermark) : [];
  const from = before.reduce((lowest, { lower }) => Math.min(lowest, lower), input.watermark);
  const whole = before.length === 0 ? decision : decidePlan({ ...input, watermark: from });
  const apart = uncovered.filter((run) => !before.includes(run));
  return {
    ...whole,
    outcome: apart.length > 0 ? "planned" : whole.outcome,
    runs: [...apart.map((run) => again(run, input.grid)), ...asSnapshot(whole.runs, before)],
    supersedes: uncovered,
    merged: before,
  };
}

/** Returns whether a cancelled interval becomes part of the next run. `drop` would give it up instead. */
function mergesCancelled({ catchup, overlap }: ScheduleSpec): boolean {
  if (overlap === "cancel-running" || overlap === "coalesce-pending") return true;
  return overlap !== "drop" && catchup !== "each";
}

/** Returns the runs that adjoin each other up to an instant, newest first. */
function adjoining(runs: readonly Run[], upTo: EpochMs): Run[] {
  const newestFirst = [...runs].sort((a, b) => b.upper - a.upper || b.lower - a.lower);
  const block: Run[] = [];
  for (const run of newestFirst) if (run.upper === (block.at(-1)?.lower ?? upTo)) block.push(run);
  return block;
}

/** Plans a cancelled run again, unless the schedule was registered again with a start after it. */
function again(
  { lower, upper, scheduledTime, intervals, snapshot }: Run,
  { startTime }: Grid,
): PlannedInterval {
  const nominal = { lower, upper, scheduledTime, intervals };
  return lower < startTime
    ? { ...nominal, state: "SKIPPED", reason: "not-scheduled" }
    : { ...nominal, state: "PLANNED", reason: null, ...(snapshot === null ? {} : { snapshot }) };
}

/** A run that covers a snapshot is one itself. */
function asSnapshot(runs: readonly PlannedInterval[], covered: readonly Run[]): readonly PlannedInterval[] {
  const snapshot = covered.find((run) => run.snapshot !== null)?.snapshot ?? undefined;
  if (snapshot === undefined) return runs;
  return runs.map((run) => (run.state === "PLANNED" ? { ...run, snapshot: run.snapshot ?? snapshot } : run));
}
