import { SourceError } from "../errors/errors.js";
import type { OffsetBounds } from "../offset/offset-provider.js";
import {
  isEmptyRange,
  type OffsetRange,
  type OffsetVector,
  type PositionOrder,
  pick,
  positionIn,
} from "../offset/offset-vector.js";
import type { OffsetWatermark, RunOffsets } from "../offset/offset-watermark.js";
import { missingOf, type PartitionRange, standingOf } from "../offset/source-standing.js";
import type { ScheduleSpec } from "../schedule/schedule.js";

/** A source as a fire has found it, and where a group continues to read it. */
export interface OffsetReading {
  /** How far the source is planned once everything is read that the fire has found. */
  readonly after: OffsetWatermark;
  /** The positions at which reading continues, by partition of the source. */
  readonly lower: OffsetVector;
  /** The first positions that can still be read, by partition of the source. */
  readonly earliest: OffsetVector;
  /** Positions that can no longer be read and that no run has read. */
  readonly lost: OffsetRange | undefined;
  /** Partitions that the source did not have at the last look. */
  readonly added: readonly string[];
  /** Whether there is nothing to read up to the end of the source. */
  readonly isEmpty: boolean;
}

/** Most ranges that an error names. */
const MOST_NAMED = 5;

/**
 * Returns where a group continues to read its source. Pure.
 *
 * @param before - how far it was planned; for the first look, where reading begins
 * @param onLoss - @default that of the specification
 * @throws SourceError SOURCE_REPLACED, SOURCE_REWOUND; OFFSETS_EXPIRED if positions are lost and the schedule
 *   has not said to record that
 */
export function readOn(
  order: PositionOrder,
  spec: Named & Pick<ScheduleSpec, "onLoss" | "expectData">,
  before: OffsetWatermark,
  bounds: OffsetBounds,
  onLoss = spec.onLoss,
): OffsetReading {
  refuseReplaced(spec, before.incarnation, bounds);
  const { lower, added, vanished, expired, rewound } = standingOf(order, before.position, bounds);
  refuseRewound(spec, rewound);
  const gone = [...expired, ...unreadOf(order, before, vanished)];
  if (onLoss === "fail") refuseLoss(spec, gone);
  const from = behind(lower, expired);
  const isEmpty = isEmptyRange(order, { lower: from, upper: bounds.latest });
  const after: InTheMaking<OffsetWatermark> = {
    ...withoutFindings(before),
    origin: added.length === 0 ? before.origin : { ...before.origin, ...pick(lower, added) },
    position: bounds.latest,
    latest: bounds.latest,
    lookedAt: bounds.at,
  };
  if (isEmpty) after.emptyTicks = (before.emptyTicks ?? 0) + 1;
  if (spec.expectData != null) {
    // Only this needs to know whether the source has grown.
    const foundAt = hasGrown(order, before.latest, bounds) ? bounds.at : before.dataAt;
    if (foundAt !== undefined) after.dataAt = foundAt;
  }
  return {
    after,
    lower: from,
    earliest: bounds.earliest,
    lost: gone.length === 0 ? undefined : rangeOf(gone),
    added,
    isEmpty,
  };
}

/** A value while it is made: a field that is set afterwards costs far less than one that is spread into a literal. */
type InTheMaking<T> = { -readonly [Key in keyof T]: T[Key] };

/** Fields of a watermark that each look finds anew. */
const FINDINGS = ["emptyTicks", "dataAt", "batchSince", "headroomMs", "growth"] as const;

/** Returns a watermark without what its look has found: mostly it is the same, as there is nothing to leave out. */
function withoutFindings(before: OffsetWatermark): Omit<OffsetWatermark, (typeof FINDINGS)[number]> {
  if (FINDINGS.every((field) => before[field] === undefined)) return before;
  const {
    emptyTicks: _,
    dataAt: _data,
    batchSince: _since,
    headroomMs: _headroom,
    growth: _growth,
    ...known
  } = before;
  return known;
}

/**
 * Returns a reading that also covers what cancelled runs were to read: it begins at their positions, or at what is
 * left of them. Pure.
 *
 * @param runs - of the same reading
 * @throws SourceError OFFSETS_EXPIRED, as `readOn`
 */
export function readAgain(
  order: PositionOrder,
  spec: Named & Pick<ScheduleSpec, "onLoss">,
  reading: OffsetReading,
  runs: readonly Pick<RunOffsets, "lower" | "upper">[],
): OffsetReading {
  if (runs.length === 0) return reading;
  const lower = runs.reduce((begin, run) => lowest(order, begin, run.lower), reading.lower);
  const expired = Object.entries(lower).flatMap(([partition, begin]) => {
    const first = reading.earliest[partition]!;
    return order.compare(partition, begin, first) < 0 ? [{ partition, lower: begin, upper: first }] : [];
  });
  const gone = [...expired, ...withoutPartition(order, reading, runs)];
  if (gone.length === 0) return withLower(order, reading, lower);
  if (spec.onLoss === "fail") refuseLoss(spec, gone);
  const [known, more] = [reading.lost, rangeOf(gone)];
  const lost = { lower: { ...known?.lower, ...more.lower }, upper: { ...known?.upper, ...more.upper } };
  return { ...withLower(order, reading, behind(lower, expired)), lost };
}

function withLower(order: PositionOrder, reading: OffsetReading, lower: OffsetVector): OffsetReading {
  return { ...reading, lower, isEmpty: isEmptyRange(order, { lower, upper: reading.after.latest }) };
}

/** Returns the positions of cancelled runs in partitions that are gone, with what is known to be lost there. */
function withoutPartition(
  order: PositionOrder,
  { lower: present, lost }: OffsetReading,
  runs: readonly Pick<RunOffsets, "lower" | "upper">[],
): PartitionRange[] {
  const gone = new Map<string, PartitionRange>();
  for (const { lower, upper } of runs.length > 0 && lost !== undefined ? [...runs, lost] : runs)
    for (const [partition, end] of Object.entries(upper)) {
      const begin = positionIn(lower, partition);
      if (Object.hasOwn(present, partition) || begin === undefined) continue;
      if (order.compare(partition, begin, end) >= 0) continue;
      const known = gone.get(partition) ?? { partition, lower: begin, upper: end };
      gone.set(partition, {
        partition,
        lower: order.compare(partition, begin, known.lower) < 0 ? begin : known.lower,
        upper: order.compare(partition, end, known.upper) > 0 ? end : known.upper,
      });
    }
  return [...gone.values()];
}

/** Returns the lower position of each partition of `a`. */
function lowest(order: PositionOrder, a: OffsetVector, b: OffsetVector): OffsetVector {
  const entries = Object.entries(a).map(([partition, position]) => {
    const other = positionIn(b, partition) ?? position;
    return [partition, order.compare(partition, other, position) < 0 ? other : position];
  });
  return Object.fromEntries(entries) as OffsetVector;
}

/** The error of a run that waited while positions of it expired. */
export class ExpiredWhileWaiting extends SourceError {
  /** The positions that are gone, without the ways out: a sentence. */
  readonly loss: string;

  constructor(loss: string) {
    super(
      "OFFSETS_EXPIRED",
      `${loss} Make them readable again and retry the run; or update the schedule with onLoss: "record", which records them as lost and reads the rest, or onLoss: "resnapshot", which copies everything anew, and retry it with version: "latest".`,
    );
    this.loss = loss;
  }
}

/**
 * Refuses a run that a source no longer has data for: it was replaced, or positions of the run have gone since it was
 * planned. Pure.
 *
 * @param isFull - whether the run reads everything up to its upper bound, whatever has expired
 * @throws SourceError SOURCE_REPLACED, SOURCE_REWOUND; ExpiredWhileWaiting
 */
export function refuseMissing(
  order: PositionOrder,
  spec: Named,
  offsets: Omit<RunOffsets, "epoch">,
  bounds: OffsetBounds,
  isFull: boolean,
): void {
  refuseReplaced(spec, offsets.incarnation, bounds, "for which the run was planned");
  const { expired, rewound } = missingOf(order, offsets, bounds);
  refuseRewound(spec, rewound, "positions that the run is to read");
  if (expired.length === 0 || isFull) return;
  throw new ExpiredWhileWaiting(
    `${nameOf(spec)} lost positions of the run while it waited: ${named(expired)}.`,
  );
}

/** Positions of a run that waited: those that can still be read, and those that were lost. */
export interface LeftOffsets {
  readonly left: RunOffsets;
  readonly lost: OffsetRange | undefined;
}

/**
 * Returns what is left of a run's positions. Pure.
 *
 * @throws SourceError OFFSETS_EXPIRED if some are lost and the schedule has not said to record that
 */
export function leftOf(
  order: PositionOrder,
  spec: Named & Pick<ScheduleSpec, "onLoss">,
  offsets: RunOffsets,
  { earliest, after: { latest } }: Pick<OffsetReading, "earliest" | "after">,
): LeftOffsets {
  const { expired } = missingOf(order, offsets, { earliest, latest });
  if (expired.length === 0) return { left: offsets, lost: undefined };
  if (spec.onLoss === "fail") refuseLoss(spec, expired);
  return { left: { ...offsets, lower: behind(offsets.lower, expired) }, lost: rangeOf(expired) };
}

/** @throws SourceError SOURCE_REPLACED if the source is another one than the one that was read */
function refuseReplaced(
  spec: Named,
  before: string,
  { incarnation }: OffsetBounds,
  which = "that was read",
): void {
  if (incarnation === before) return;
  throw new SourceError(
    "SOURCE_REPLACED",
    `${nameOf(spec)} is not the one ${which}: it was ${before} and is ${incarnation} now, so that its positions mean other data. Rebase the group to read it, or restore the former one.`,
  );
}

/** @throws SourceError SOURCE_REWOUND if there are such ranges */
function refuseRewound(
  spec: Named,
  gone: readonly PartitionRange[],
  which = "positions that were read",
): void {
  if (gone.length === 0) return;
  throw new SourceError(
    "SOURCE_REWOUND",
    `${nameOf(spec)} ends before ${which}: ${named(gone)} are gone, and what comes in their place is other data. Rebase the group to read it, or restore them.`,
  );
}

/** @throws SourceError OFFSETS_EXPIRED if there are such ranges */
function refuseLoss(spec: Named, gone: readonly PartitionRange[]): void {
  if (gone.length === 0) return;
  throw new SourceError(
    "OFFSETS_EXPIRED",
    `${nameOf(spec)} has lost positions before they were read: ${named(gone)}. Make them readable again; or update the schedule with onLoss: "record", which records them as lost and continues at what can be read, or onLoss: "resnapshot", which copies everything anew; or rebase the group to begin elsewhere.`,
  );
}

/** The fields of a specification that errors name. */
type Named = Pick<ScheduleSpec, "source" | "groupId">;

function nameOf({ source, groupId }: Named): string {
  return `Source ${source?.type ?? "unknown"} of group ${groupId}`;
}

/** Returns whether a source has records that it did not have at the last look, whether or not those before are read. */
function hasGrown(order: PositionOrder, before: OffsetVector, { earliest, latest }: OffsetBounds): boolean {
  return Object.keys(latest).some((partition) => {
    const known = positionIn(before, partition) ?? earliest[partition]!;
    return order.compare(partition, latest[partition]!, known) > 0;
  });
}

/** Returns the positions of partitions that are gone which the source had when it was last looked at. */
function unreadOf(
  order: PositionOrder,
  { position, latest }: OffsetWatermark,
  vanished: readonly string[],
): PartitionRange[] {
  return vanished.flatMap((partition) => {
    const lower = position[partition]!;
    const upper = positionIn(latest, partition) ?? lower;
    return order.compare(partition, lower, upper) < 0 ? [{ partition, lower, upper }] : [];
  });
}

/** Returns a reading's first positions: those given, and the earliest of partitions for which none is. */
export function startOf(given: OffsetVector, { earliest }: Pick<OffsetBounds, "earliest">): OffsetVector {
  return { ...earliest, ...given };
}

/** Returns where reading continues behind ranges that have expired. */
function behind(lower: OffsetVector, expired: readonly PartitionRange[]): OffsetVector {
  return expired.length === 0 ? lower : { ...lower, ...rangeOf(expired).upper };
}

function rangeOf(parts: readonly PartitionRange[]): OffsetRange {
  return {
    lower: Object.fromEntries(parts.map(({ partition, lower }) => [partition, lower])),
    upper: Object.fromEntries(parts.map(({ partition, upper }) => [partition, upper])),
  };
}

function named(ranges: readonly PartitionRange[]): string {
  const texts = ranges
    .slice(0, MOST_NAMED)
    .map(({ partition, lower, upper }) => `partition ${partition} [${lower}, ${upper})`);
  const rest = ranges.length - texts.length;
  return rest > 0 ? `${texts.join(", ")} and ${rest} more` : texts.join(", ");
}
