import { SourceError } from "../errors/errors.js";
import type { OffsetBounds } from "../offset/offset-provider.js";
import {
  type OffsetRange,
  type OffsetVector,
  type PositionOrder,
  pick,
  positionIn,
} from "../offset/offset-vector.js";
import type { OffsetWatermark, RunOffsets } from "../offset/offset-watermark.js";
import { type PartitionRange, standingOf } from "../offset/source-standing.js";
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
}

/** Most ranges that an error names. */
const MOST_NAMED = 5;

/**
 * Returns where a group continues to read its source. Pure.
 *
 * @param before - how far it was planned; for the first look, where reading begins
 * @throws SourceError SOURCE_REPLACED, SOURCE_REWOUND; OFFSETS_EXPIRED if positions are lost and the schedule
 *   has not said to record that
 */
export function readOn(
  order: PositionOrder,
  { onLoss, ...spec }: Pick<ScheduleSpec, "source" | "onLoss" | "groupId">,
  before: OffsetWatermark,
  bounds: OffsetBounds,
): OffsetReading {
  const name = nameOf(spec);
  if (bounds.incarnation !== before.incarnation) {
    throw new SourceError(
      "SOURCE_REPLACED",
      `${name} is not the one that was read: it was ${before.incarnation} and is ${bounds.incarnation} now, so that its positions mean other data. Rebase the group to read it, or restore the former one.`,
    );
  }
  const { lower, added, vanished, expired, rewound } = standingOf(order, before.position, bounds);
  if (rewound.length > 0) {
    throw new SourceError(
      "SOURCE_REWOUND",
      `${name} ends before positions that were read: ${named(rewound)} are gone, and what comes in their place is other data. Rebase the group to read it, or restore them.`,
    );
  }
  const gone = [...expired, ...unreadOf(order, before, vanished)];
  if (onLoss === "fail") refuseLoss(name, gone);
  const first = Object.fromEntries(expired.map(({ partition, upper }) => [partition, upper]));
  return {
    after: {
      ...before,
      origin: { ...before.origin, ...pick(lower, added) },
      position: bounds.latest,
      latest: bounds.latest,
      lookedAt: bounds.at,
    },
    lower: { ...lower, ...first },
    earliest: bounds.earliest,
    lost: gone.length === 0 ? undefined : rangeOf(gone),
    added,
  };
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
  { onLoss, ...spec }: Pick<ScheduleSpec, "source" | "onLoss" | "groupId">,
  reading: OffsetReading,
  runs: readonly Pick<RunOffsets, "lower" | "upper">[],
): OffsetReading {
  const lower = runs.reduce((begin, run) => lowest(order, begin, run.lower), reading.lower);
  const expired = Object.entries(lower).flatMap(([partition, begin]) => {
    const first = reading.earliest[partition]!;
    return order.compare(partition, begin, first) < 0 ? [{ partition, lower: begin, upper: first }] : [];
  });
  const gone = [...expired, ...withoutPartition(order, reading, runs)];
  if (gone.length === 0) return { ...reading, lower };
  if (onLoss === "fail") refuseLoss(nameOf(spec), gone);
  const first = Object.fromEntries(expired.map(({ partition, upper }) => [partition, upper]));
  const [known, more] = [reading.lost, rangeOf(gone)];
  const lost = { lower: { ...known?.lower, ...more.lower }, upper: { ...known?.upper, ...more.upper } };
  return { ...reading, lower: { ...lower, ...first }, lost };
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

/** @throws SourceError OFFSETS_EXPIRED if there are such ranges */
function refuseLoss(name: string, gone: readonly PartitionRange[]): void {
  if (gone.length === 0) return;
  throw new SourceError(
    "OFFSETS_EXPIRED",
    `${name} has lost positions before they were read: ${named(gone)}. Make them readable again; or update the schedule with onLoss: "record", which records them as lost and continues at what can be read, or onLoss: "resnapshot", which copies everything anew; or rebase the group to begin elsewhere.`,
  );
}

function nameOf({ source, groupId }: Pick<ScheduleSpec, "source" | "groupId">): string {
  return `Source ${source?.type ?? "unknown"} of group ${groupId}`;
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
