import { isSameInterval } from "../interval/boundaries.js";
import {
  isEmptyRange,
  type OffsetVector,
  type PositionOrder,
  pick,
  positionIn,
} from "../offset/offset-vector.js";
import type { OffsetWatermark, RunOffsets } from "../offset/offset-watermark.js";
import { hasLostPositions } from "../run/covering.js";
import type { Run, RunSnapshot } from "../run/run.js";
import type { Schedule, ScheduleSpec } from "../schedule/schedule.js";
import type { CoveringDecision } from "./cover-again.js";
import { leftOf, type OffsetReading, readAgain } from "./offset-reading.js";
import type { PlannedInterval } from "./plan-decision.js";

/** The findings of a look at a source, for a fire. */
export interface SourceLook {
  readonly order: PositionOrder;
  readonly reading: OffsetReading;
  /** The ends of consecutive runs, ascending; this fire stops reading at the last. At least one. */
  readonly ends: readonly OffsetVector[];
  /** How many records there are, if the schedule waits for enough (`batchUntil`) and the source can tell. */
  readonly records?: number;
}

/** A decision whose runs stand for positions as well. */
export interface OffsetDecision extends CoveringDecision {
  /** How far the source is planned then; `undefined` if nothing of it is. */
  readonly offsets?: OffsetWatermark;
}

/**
 * Returns the run of a decision that reads what the source has grown by: policies choose among times, and a
 * fire of boundaries `OFFSET` plans one at most. `undefined` if no look at the source is needed.
 */
export function freshRun(
  { runs }: Pick<CoveringDecision, "runs">,
  { watermark }: Pick<Schedule, "watermark">,
): PlannedInterval | undefined {
  return runs.find(({ state, upper }) => state === "PLANNED" && upper > watermark);
}

/** Returns whether a look at the source is needed to tell what is left of cancelled runs that are read again. */
export function readsWhatIsLeft({ runs, supersedes, merged }: CoveringDecision): boolean {
  const apart = supersedes.filter((run) => hasLostPositions(run) && !merged.includes(run));
  return apart.some((run) =>
    runs.some((planned) => planned.state === "PLANNED" && isSameInterval(planned, run)),
  );
}

/**
 * Gives a decision's runs their positions: a run that covers a cancelled one again has the same, and the newest
 * reads on from where the last one ended, cut into several where the limit says so. Skipped time has none: no
 * policy gives positions up. Pure.
 *
 * @param look - needed if the decision has a `freshRun`, or covers runs of which positions were lost; `not-begun` if the instant at which reading begins is still to
 *   come
 * @throws SourceError OFFSETS_EXPIRED if positions of a cancelled run are lost and the schedule has not said to record
 *   that
 */
export function withOffsets(
  decision: CoveringDecision,
  schedule: Pick<Schedule, "spec" | "watermark" | "offsets">,
  look: SourceLook | "not-begun" | undefined,
): OffsetDecision {
  const ofReading = ({ offsets }: Run): boolean =>
    offsets !== null && offsets.epoch === schedule.offsets?.epoch;
  const merged = decision.merged.filter(ofReading);
  const apart = decision.supersedes.filter((run) => !decision.merged.includes(run) && run.offsets !== null);
  const found = look === "not-begun" ? undefined : look;
  const fresh = freshRun(decision, schedule);
  // After the last interval, the only copy is one that takes the place of lost runs.
  const isCopied = schedule.spec.onLoss === "resnapshot" && (fresh ?? decision.merged[0]) !== undefined;
  const covering = (planned: PlannedInterval): PlannedInterval[] => {
    const before = apart.find((run) => isSameInterval(planned, run));
    if (before === undefined) return [planned];
    const again = withThoseOf(planned, before, ofReading(before));
    const isLost = hasLostPositions(before) && again.state === "PLANNED" && found !== undefined;
    return isLost ? withoutLost(again, found, schedule.spec, isCopied) : [again];
  };
  const runs = apart.length === 0 ? decision.runs : decision.runs.flatMap(covering);
  if (fresh === undefined || look === undefined)
    return { ...decision, runs: carried(runs, merged, decision.merged) };
  if (look === "not-begun")
    return {
      ...decision,
      runs: [...runs.filter((run) => !isSameInterval(run, fresh)), withNothingYet(fresh)],
    };
  const waiting = waitingForMore(decision, schedule, look);
  if (waiting !== undefined) return waiting;
  const { order, ends } = look;
  const again = merged.map(({ offsets }) => offsets!);
  const reading = readAgain(order, schedule.spec, look.reading, again);
  const isLost = reading.lost !== undefined || runs.some(({ reason }) => reason === "source-expired");
  const snapshot = fresh.snapshot ?? snapshotAfterLoss(schedule.spec, isLost);
  const pieces =
    snapshot === undefined
      ? piecesOf(fresh, reading, ends, schedule.spec)
      : [wholeOf({ ...fresh, snapshot }, reading, ends.at(-1)!)];
  const lost = snapshot === undefined ? reading.lost : lostWith(reading);
  const others = runs.filter((run) => !isSameInterval(run, fresh));
  return {
    ...decision,
    runs: [...others, ...lostPart(fresh, schedule, lost, reading.after), ...pieces].sort(
      (a, b) => a.lower - b.lower || a.upper - b.upper,
    ),
    offsets: positionAfter(reading, ends.at(-1)!),
  };
}

/** A cancelled run is planned again even if its time would be skipped; one of an earlier reading is not. */
function withThoseOf(planned: PlannedInterval, { offsets }: Run, isOfReading: boolean): PlannedInterval {
  if (planned.reason === "snapshot-covered") return { ...planned, offsets: offsets! };
  const [state, reason] = isOfReading
    ? (["PLANNED", null] as const)
    : (["SKIPPED", "source-rebased"] as const);
  return { ...planned, state, reason, offsets: offsets! };
}

/** If there is nothing but cancelled runs to cover, the last part of their time reads what they were to read. They adjoin, newest first; those of an earlier reading are read no more. */
function carried(
  runs: readonly PlannedInterval[],
  merged: readonly Run[],
  all: readonly Run[],
): readonly PlannedInterval[] {
  const [newest] = merged;
  const last = runs.at(-1);
  if (last?.snapshot !== undefined && newest === undefined && all.length > 0) {
    const { snapshot: _, ...skipped } = last;
    return [...runs.slice(0, -1), withThoseOf(skipped, all[0]!, false)];
  }
  if (newest === undefined || last === undefined) return runs;
  const offsets = { ...newest.offsets!, lower: merged.at(-1)!.offsets!.lower };
  const reason = last.state === "PLANNED" ? last.reason : "overlap-coalesced";
  return [...runs.slice(0, -1), { ...last, state: "PLANNED", reason, offsets }];
}

/**
 * Returns the decision to leave the time owed, and what was found with it, until there is more; `undefined` if there is
 * enough, or it has waited for long enough.
 */
function waitingForMore(
  decision: CoveringDecision,
  { spec, watermark, offsets }: Pick<Schedule, "spec" | "watermark" | "offsets">,
  { reading, records }: SourceLook,
): OffsetDecision | undefined {
  const { batchUntil } = spec;
  const { lower, lost, after } = reading;
  const isAlone = decision.supersedes.length === 0 && lost === undefined;
  if (batchUntil == null || !isAlone || records === undefined || records >= batchUntil.records)
    return undefined;
  if (reading.isEmpty) return undefined;
  const since = offsets?.batchSince ?? after.lookedAt;
  const until = since + batchUntil.orMs;
  if (after.lookedAt >= until) return undefined;
  return {
    ...decision,
    outcome: "deferred",
    runs: [],
    newWatermark: watermark,
    nextFireAt: Math.min(decision.nextFireAt ?? until, until),
    hasMore: false,
    waits: false,
    offsets: { ...after, position: lower, batchSince: since },
  };
}

function positionAfter({ after }: OffsetReading, position: OffsetVector): OffsetWatermark {
  if (after.needsSnapshot === undefined && after.position === position) return after;
  const { needsSnapshot: _, ...rest } = after;
  return { ...rest, position };
}

function snapshotAfterLoss(
  { onLoss }: Pick<ScheduleSpec, "onLoss">,
  isLost: boolean,
): RunSnapshot | undefined {
  return isLost && onLoss === "resnapshot" ? { cause: "loss", note: "" } : undefined;
}

/**
 * Returns what is left of a run that was cancelled because positions of it were lost, and those as a skipped run of no
 * time where its interval begins.
 *
 * @param isCopied - whether a snapshot follows, which reads what is left
 */
function withoutLost(
  again: PlannedInterval,
  { order, reading }: SourceLook,
  spec: Pick<ScheduleSpec, "source" | "onLoss" | "groupId" | "onEmpty">,
  isCopied: boolean,
): PlannedInterval[] {
  const { left, lost } = leftOf(order, spec, again.offsets!, reading);
  if (lost === undefined) return [again];
  const isEmpty = spec.onEmpty === "skip" && isEmptyRange(order, left);
  const rest = isCopied
    ? ({ state: "SKIPPED", reason: "snapshot-covered" } as const)
    : isEmpty
      ? ({ state: "SUCCEEDED", reason: "source-empty" } as const)
      : {};
  return [...lostPart(again, { watermark: again.lower }, lost, left), { ...again, ...rest, offsets: left }];
}

/** A snapshot stands for all positions up to its end: those that were lost, and the empty range if there are none. */
function wholeOf(fresh: PlannedInterval, reading: OffsetReading, upper: OffsetVector): PlannedInterval {
  const { lower, lost, after } = reading;
  const { incarnation, epoch } = after;
  const from = Object.keys(lower).map((partition) => [
    partition,
    (lost && positionIn(lost.lower, partition)) ?? lower[partition]!,
  ]);
  return { ...fresh, offsets: { incarnation, epoch, lower: Object.fromEntries(from), upper } };
}

/** Returns the positions that were lost with their partitions, which are not in a snapshot either. */
function lostWith({ lost, lower: present }: OffsetReading): OffsetReading["lost"] {
  if (lost === undefined) return undefined;
  const gone = Object.keys(lost.upper).filter((partition) => !Object.hasOwn(present, partition));
  if (gone.length === 0) return undefined;
  return { lower: pick(lost.lower, gone), upper: pick(lost.upper, gone) };
}

/** Returns lost positions as a skipped run of no time, at the watermark at which the loss was found. */
function lostPart(
  { scheduledTime }: PlannedInterval,
  { watermark }: Pick<Schedule, "watermark">,
  lost: OffsetReading["lost"],
  { incarnation, epoch }: Pick<RunOffsets, "incarnation" | "epoch">,
): PlannedInterval[] {
  if (lost === undefined) return [];
  const at = { lower: watermark, upper: watermark, scheduledTime, intervals: 1 };
  return [{ ...at, state: "SKIPPED", reason: "source-expired", offsets: { incarnation, epoch, ...lost } }];
}

/** Nothing of the source is read before reading begins, so there is no position that the run could have. */
function withNothingYet(fresh: PlannedInterval): PlannedInterval {
  return { ...fresh, state: "SUCCEEDED", reason: "source-empty" };
}

/** Cuts the time and the positions of a run into those of consecutive ones, as many as the look has ends. */
function piecesOf(
  fresh: PlannedInterval,
  { after: { incarnation, epoch }, lower: first, isEmpty }: OffsetReading,
  ends: SourceLook["ends"],
  { onEmpty }: Pick<ScheduleSpec, "onEmpty">,
): PlannedInterval[] {
  const offsets: RunOffsets = { incarnation, epoch, lower: first, upper: ends.at(-1)! };
  if (onEmpty === "skip" && isEmpty)
    return [{ ...fresh, state: "SUCCEEDED", reason: "source-empty", offsets }];
  const count = Math.min(ends.length, fresh.upper - fresh.lower);
  if (count === 1) return [{ ...fresh, intervals: Math.max(1, fresh.intervals), offsets }];
  return Array.from({ length: count }, (_, index) => {
    const isLast = index === count - 1;
    const offsets: RunOffsets = {
      incarnation,
      epoch,
      lower: index === 0 ? first : ends[index - 1]!,
      upper: isLast ? ends.at(-1)! : ends[index]!,
    };
    const share = (whole: number, upTo: number): number => Math.floor((whole * upTo) / count);
    const width = fresh.upper - fresh.lower;
    return {
      ...fresh,
      lower: fresh.lower + share(width, index),
      upper: fresh.lower + share(width, index + 1),
      intervals: Math.max(1, share(fresh.intervals, index + 1) - share(fresh.intervals, index)),
      offsets,
    };
  });
}
