import type { EpochMs } from "../clock/clock.js";
import { goesBefore, isBehind } from "../run/copies.js";
import { hasLostPositions } from "../run/covering.js";
import type { Run } from "../run/run.js";
import type { ScheduleSpec } from "../schedule/schedule.js";
import {
  decidePlan,
  type PlanDecision,
  type PlanInput,
  type PlannedInterval,
  roomForSnapshot,
} from "./plan-decision.js";

/** A decision, and the cancelled runs whose intervals it covers. */
export interface CoveringDecision extends PlanDecision {
  readonly supersedes: readonly Run[];
  /** Those of them that became part of what is planned next, newest first; the others are planned again by themselves. */
  readonly merged: readonly Run[];
}

const NONE: readonly Run[] = [];

/**
 * Decides like `decidePlan`, and covers what the overlap policy has cancelled: runs that end at the watermark
 * become part of what is planned next if the policies merge intervals; all others are planned again with
 * their bounds. A run behind a snapshot that stands is not: once the snapshot has succeeded it has its rows, and until then the
 * run waits. Pure.
 *
 * @param all - see `isUncovered`
 */
export function decideCovering(input: PlanInput, all: readonly Run[]): CoveringDecision {
  const decision = decidePlan(input);
  if (all.length === 0) return { ...decision, supersedes: NONE, merged: NONE };
  const { spec, copy, watermark } = input;
  if (input.awaitsSnapshot === true) return beforeCopy(decision, input, all);
  const ahead = all.filter((run) => !isBehind(run, copy));
  // The copy that makes up for what was lost is a run of what is owed next, as long as anything will be.
  const isLost = spec.onLoss === "resnapshot" && ahead.some(hasLostPositions);
  const reads = decision.runs.some(({ state }) => state === "PLANNED");
  const isOver = isLost && decision.outcome === "nothing" && decision.nextFireAt === null;
  const isLater = isLost && !reads && !isOver;
  const known = copy === undefined || copy.state === "SUCCEEDED" ? all : ahead;
  const uncovered = isLater ? known.filter((run) => !ahead.includes(run) || !hasLostPositions(run)) : known;
  const none = { ...decision, supersedes: NONE, merged: NONE };
  if (uncovered.length === 0) return none;
  const isCopied = isLost && (reads || decision.outcome !== "planned");
  const merges = isCopied || mergesCancelled(spec);
  // Once the lane is free, everything is covered in one plan; a cancelled run that keeps its turn is what holds it.
  const isHolding = uncovered.some(({ isBlocking }) => isBlocking);
  if (merges && decision.outcome === "deferred" && !isHolding) return none;
  const mayMerge = isOver || (merges && decision.outcome === "planned");
  const block = mayMerge
    ? adjoining(
        uncovered.filter((run) => ahead.includes(run)),
        watermark,
      )
    : [];
  const before = isOver && !block.some(hasLostPositions) ? [] : block;
  const isCopy = isOver && before.length > 0;
  if (isCopy && roomForSnapshot(input) === 0) return none;
  const from = before.reduce((lowest, { lower }) => Math.min(lowest, lower), watermark);
  const whole = isCopy
    ? { ...decision, runs: [copyOf(before)] }
    : before.length === 0
      ? decision
      : decidePlan({ ...input, watermark: from });
  const apart = uncovered.filter((run) => !before.includes(run));
  return {
    ...whole,
    outcome: apart.length > 0 || isCopy ? "planned" : whole.outcome,
    runs: [...apart.map((run) => again(run, input)), ...asSnapshot(whole.runs, before)],
    supersedes: uncovered,
    merged: before,
  };
}

/**
 * Covers nothing while a snapshot has not succeeded, since it is alone: older rows might be written after it. But a run that
 * keeps its turn in the lane before it would hold it for ever.
 */
function beforeCopy(decision: PlanDecision, input: PlanInput, all: readonly Run[]): CoveringDecision {
  const { copy, ...others } = input;
  const first = all.filter((run) => run.isBlocking && copy !== undefined && goesBefore(run, copy));
  if (first.length === 0) return { ...decision, supersedes: [], merged: [] };
  const runs = first.map((run) => again(run, others));
  return { ...decision, outcome: "planned", runs, supersedes: first, merged: [] };
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

/**
 * Plans a cancelled run again, unless a snapshot behind it has read its rows, or the schedule was registered again with a
 * start after it.
 */
function again(run: Run, { grid: { startTime }, copy }: Pick<PlanInput, "grid" | "copy">): PlannedInterval {
  const { lower, upper, scheduledTime, intervals, snapshot } = run;
  const nominal = { lower, upper, scheduledTime, intervals };
  if (isBehind(run, copy)) return { ...nominal, state: "SKIPPED", reason: "snapshot-covered" };
  return lower < startTime
    ? { ...nominal, state: "SKIPPED", reason: "not-scheduled" }
    : { ...nominal, state: "PLANNED", reason: null, ...(snapshot === null ? {} : { snapshot }) };
}

/** Returns the copy that makes up for a loss after the last interval: it takes the place of runs that adjoin, newest first. */
function copyOf(block: readonly Run[]): PlannedInterval {
  const [{ upper, scheduledTime }, { lower }] = [block[0]!, block.at(-1)!];
  return {
    lower,
    upper,
    scheduledTime,
    intervals: block.reduce((sum, { intervals }) => sum + intervals, 0),
    state: "PLANNED",
    reason: block.length > 1 ? "overlap-coalesced" : null,
    snapshot: { cause: "loss", note: "" },
  };
}

/** A run that covers a snapshot is one itself. */
function asSnapshot(runs: readonly PlannedInterval[], covered: readonly Run[]): readonly PlannedInterval[] {
  const snapshot = covered.find((run) => run.snapshot !== null)?.snapshot ?? undefined;
  if (snapshot === undefined) return runs;
  return runs.map((run) => (run.state === "PLANNED" ? { ...run, snapshot: run.snapshot ?? snapshot } : run));
}
