import type { Interval } from "../interval/boundaries.js";
import { isEmptyRange, type OffsetVector, type PositionOrder } from "../offset/offset-vector.js";
import type { OffsetWatermark, RunOffsets } from "../offset/offset-watermark.js";
import type { Run } from "../run/run.js";
import type { Schedule } from "../schedule/schedule.js";
import type { CoveringDecision } from "./cover-again.js";
import type { OffsetReading } from "./offset-reading.js";
import type { PlannedInterval } from "./plan-decision.js";

/** What a look at a source has found for a fire. */
export interface SourceLook {
  readonly order: PositionOrder;
  readonly reading: OffsetReading;
  /** Where consecutive runs end, ascending; the last is where this fire stops reading. At least one. */
  readonly ends: readonly OffsetVector[];
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

/**
 * Gives a decision's runs their positions: a run that covers a cancelled one again has the same, and the newest
 * reads on from where the last one ended, cut into several where the limit says so. Skipped time has none: no
 * policy gives positions up. Pure.
 *
 * @param look - needed if the decision has a `freshRun`
 */
export function withOffsets(
  decision: CoveringDecision,
  schedule: Pick<Schedule, "spec" | "watermark" | "offsets">,
  look: SourceLook | undefined,
): OffsetDecision {
  const again = decision.supersedes.filter(({ offsets }) => offsets !== null);
  const fresh = freshRun(decision, schedule);
  const repeated = again.filter((run) => decision.runs.some((planned) => isSameTime(planned, run)));
  const runs = decision.runs.map((planned) => {
    const before = repeated.find((run) => isSameTime(planned, run));
    return before === undefined ? planned : withThoseOf(planned, before, schedule);
  });
  if (fresh === undefined || look === undefined) return { ...decision, runs };
  const { reading, ends } = look;
  const merged = again.filter((run) => !repeated.includes(run) && run.offsets!.epoch === reading.after.epoch);
  const pieces = piecesOf(fresh, { look, merged, onEmpty: schedule.spec.onEmpty });
  const others = runs.filter((run) => !isSameTime(run, fresh));
  return {
    ...decision,
    runs: [...others, ...lostPart(fresh, schedule, reading), ...pieces].sort(
      (a, b) => a.lower - b.lower || a.upper - b.upper,
    ),
    offsets: { ...reading.after, position: ends.at(-1)! },
  };
}

function isSameTime(a: Interval, b: Interval): boolean {
  return a.lower === b.lower && a.upper === b.upper;
}

/** Positions of an earlier reading are not read any more. */
function withThoseOf(
  planned: PlannedInterval,
  { offsets }: Run,
  schedule: Pick<Schedule, "offsets">,
): PlannedInterval {
  const isCurrent = offsets!.epoch === schedule.offsets?.epoch;
  if (isCurrent || planned.state !== "PLANNED") return { ...planned, offsets: offsets! };
  return { ...planned, state: "SKIPPED", reason: "source-rebased", offsets: offsets! };
}

/** Returns lost positions as a skipped run of no time, at the watermark at which the loss was found. */
function lostPart(
  { scheduledTime }: PlannedInterval,
  { watermark }: Pick<Schedule, "watermark">,
  { lost, after: { incarnation, epoch } }: OffsetReading,
): PlannedInterval[] {
  if (lost === undefined) return [];
  const at = { lower: watermark, upper: watermark, scheduledTime, intervals: 1 };
  return [{ ...at, state: "SKIPPED", reason: "source-expired", offsets: { incarnation, epoch, ...lost } }];
}

interface Reading {
  readonly look: SourceLook;
  /** Cancelled runs that the fresh one covers as well, oldest first. */
  readonly merged: readonly Run[];
  readonly onEmpty: "skip" | "run";
}

/** Cuts the time and the positions of a run into those of consecutive ones, as many as the look has ends. */
function piecesOf(fresh: PlannedInterval, { look, merged, onEmpty }: Reading): PlannedInterval[] {
  const { order, reading, ends } = look;
  const { incarnation, epoch } = reading.after;
  const first = merged.reduce<OffsetVector>(
    (lower, run) => lowest(order, lower, run.offsets!.lower),
    reading.lower,
  );
  const whole = { lower: first, upper: ends.at(-1)! };
  if (onEmpty === "skip" && isEmptyRange(order, whole)) {
    const offsets = { incarnation, epoch, ...whole };
    return [{ ...fresh, state: "SUCCEEDED", reason: "source-empty", offsets }];
  }
  const count = Math.min(ends.length, fresh.upper - fresh.lower);
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

/** Returns the lower position of each partition of `a`: a partition that is gone cannot be read again. */
function lowest(order: PositionOrder, a: OffsetVector, b: OffsetVector): OffsetVector {
  const entries = Object.entries(a).map(([partition, position]) => {
    const other = Object.hasOwn(b, partition) ? b[partition]! : position;
    return [partition, order.compare(partition, other, position) < 0 ? other : position];
  });
  return Object.fromEntries(entries) as OffsetVector;
}
