import type { OffsetBounds } from "./offset-provider.js";
import { type OffsetRange, type OffsetVector, type PositionOrder, positionIn } from "./offset-vector.js";

/** A half-open range of positions `[lower, upper)` of one partition. */
export interface PartitionRange {
  readonly partition: string;
  readonly lower: string;
  readonly upper: string;
}

/** How the bounds of a source stand to the positions up to which it was read. Lists are sorted by partition. */
export interface SourceStanding {
  /** The positions at which reading continues: the watermark, and the earliest position of partitions that it lacks. */
  readonly lower: OffsetVector;
  /** Partitions that the watermark lacks. */
  readonly added: readonly string[];
  /** Partitions of the watermark that are gone. */
  readonly vanished: readonly string[];
  /** Ranges that can no longer be read: `[watermark, earliest)`. */
  readonly expired: readonly PartitionRange[];
  /** Ranges that were read and are no longer there: `[latest, watermark)`. */
  readonly rewound: readonly PartitionRange[];
}

/**
 * Returns how bounds stand to the positions up to which a source was read.
 *
 * @param watermark - of the same incarnation as the bounds
 */
export function standingOf(
  order: PositionOrder,
  watermark: OffsetVector,
  { earliest, latest }: Pick<OffsetBounds, "earliest" | "latest">,
): SourceStanding {
  const added: string[] = [];
  const expired: PartitionRange[] = [];
  const rewound: PartitionRange[] = [];
  for (const partition of Object.keys(latest)) {
    const [first, end] = [earliest[partition]!, latest[partition]!];
    const read = positionIn(watermark, partition);
    if (read === undefined) added.push(partition);
    else if (order.compare(partition, end, read) < 0) rewound.push({ partition, lower: end, upper: read });
    else if (order.compare(partition, first, read) > 0)
      expired.push({ partition, lower: read, upper: first });
  }
  const vanished = Object.keys(watermark).filter((partition) => !Object.hasOwn(latest, partition));
  return {
    // Nearly always the same partitions: then it need not be copied.
    lower: added.length + vanished.length === 0 ? watermark : lowerOf(watermark, { earliest, latest }),
    added: added.sort(),
    vanished: vanished.sort(),
    expired: expired.sort(byPartition),
    rewound: rewound.sort(byPartition),
  };
}

function byPartition(a: PartitionRange, b: PartitionRange): number {
  return a.partition < b.partition ? -1 : 1;
}

/** Returns the watermark of a source's partitions, and the earliest position of those that it lacks. */
function lowerOf(
  watermark: OffsetVector,
  { earliest, latest }: Pick<OffsetBounds, "earliest" | "latest">,
): OffsetVector {
  const partitions = Object.keys(latest).sort();
  return Object.fromEntries(
    partitions.map((partition) => [partition, positionIn(watermark, partition) ?? earliest[partition]!]),
  );
}

/** Positions of a range that its source no longer has. Lists are in the order of the range's partitions. */
export interface MissingRanges {
  /** Ranges that can no longer be read: before the earliest position, or of a partition that is gone. */
  readonly expired: readonly PartitionRange[];
  /** Ranges behind the end of the source, which it had. */
  readonly rewound: readonly PartitionRange[];
}

/**
 * Returns the positions of a range that a source no longer has.
 *
 * @param range - planned by bounds of the same incarnation
 */
export function missingOf(
  order: PositionOrder,
  { lower, upper }: OffsetRange,
  { earliest, latest }: Pick<OffsetBounds, "earliest" | "latest">,
): MissingRanges {
  const expired: PartitionRange[] = [];
  const rewound: PartitionRange[] = [];
  for (const partition of Object.keys(upper)) {
    const end = upper[partition]!;
    const begin = positionIn(lower, partition);
    if (begin === undefined || begin === end || order.compare(partition, begin, end) >= 0) continue;
    const first = positionIn(earliest, partition);
    const last = positionIn(latest, partition);
    if (first === undefined || last === undefined) {
      expired.push({ partition, lower: begin, upper: end });
      continue;
    }
    const isBefore = (a: string, b: string): boolean => a !== b && order.compare(partition, a, b) < 0;
    if (isBefore(begin, first))
      expired.push({ partition, lower: begin, upper: isBefore(first, end) ? first : end });
    if (isBefore(last, end))
      rewound.push({ partition, lower: isBefore(last, begin) ? begin : last, upper: end });
  }
  return { expired, rewound };
}
