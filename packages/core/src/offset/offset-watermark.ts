import type { EpochMs } from "../clock/clock.js";
import type { OffsetRange, OffsetVector } from "./offset-vector.js";

/** The positions at which the first look at a source begins to read. See `ScheduleInfo.startAt`. */
export type StartAt =
  | "earliest"
  | "latest"
  | {
      /** The first positions whose records are not before this instant: epoch ms, or ISO 8601 with an offset. */
      readonly time: EpochMs | string;
    }
  | {
      /** By partition; one that it lacks begins at its earliest position. */
      readonly offsets: OffsetVector;
    };

/** A `StartAt` as it is stored: its instant is epoch ms. */
export type StoredStartAt = Exclude<StartAt, { readonly time: unknown }> | { readonly time: EpochMs };

/** How much of a source one run reads. See `ScheduleInfo.limit`. */
export interface OffsetLimit {
  /** Most records of a run, at least 1. */
  readonly records?: number;
  /** Most bytes of a run, at least 1. */
  readonly bytes?: number;
  /** Most runs that one fire plans, 1 to 1,000. @default 100 */
  readonly maxRuns?: number;
}

/** How much has to have come before a run is planned. See `ScheduleInfo.batchUntil`. */
export interface OffsetBatch {
  /** Fewest records of a run, at least 1, as far as the source knows how many there are. */
  readonly records: number;
  /** How long after the first of them was found they are read in any case, ms, at least 1. */
  readonly orMs: number;
}

/** Positions of a source that a run stands for: `[lower, upper)` in each partition of `upper`. */
export interface RunOffsets extends OffsetRange {
  /** The life of the source, as its provider names it. */
  readonly incarnation: string;
  /** The reading of the source that it belongs to: 1 for the first, one more with each rebase. */
  readonly epoch: number;
}

/** A person's decision to read a source from elsewhere. */
export interface Rebase {
  /** When it was made, epoch ms. */
  readonly at: EpochMs;
  /** Why, for people. */
  readonly note: string;
  /** The life of the source that was read before; `null` if none was. */
  readonly incarnation: string | null;
  /** Up to which positions it had been planned. */
  readonly position: OffsetVector;
}

/** How far the source of a group has been planned: its watermark on the axis of positions. */
export interface OffsetWatermark {
  /** The life of the source, as its provider names it: positions of another one mean other data. */
  readonly incarnation: string;
  /** 1 for the first reading of the source, one more with each rebase: ranges of runs tile within one. */
  readonly epoch: number;
  /** The positions at which the reading began, by partition. */
  readonly origin: OffsetVector;
  /** The exclusive upper bound up to which positions have been planned, by partition. */
  readonly position: OffsetVector;
  /** The end of the source when it was last looked at, by partition. */
  readonly latest: OffsetVector;
  /** When that was, epoch ms. */
  readonly lookedAt: EpochMs;
  /** The rebase with which this reading began; `null` for the first. */
  readonly rebase: Rebase | null;
  /** Whether the next run is to be a snapshot, since nothing of this reading is planned. @default false */
  readonly needsSnapshot?: boolean;
  /** How many looks in a row have found nothing new. @default 0 */
  readonly emptyTicks?: number;
  /** When a look found something new last, epoch ms, if the schedule has `expectData`; absent before the first. */
  readonly dataAt?: EpochMs;
  /** Since when something waits to be read until there is enough (`batchUntil`), epoch ms. @default nothing does */
  readonly batchSince?: EpochMs;
  /**
   * How long after the last look positions that are still to be read stay readable, ms, at the rate at which the source
   * let go of others, or filled; absent if it lets go of none, or that is not known yet.
   */
  readonly headroomMs?: number;
  /** The earliest positions after each of the last times that they moved, oldest first. @default they have not */
  readonly expiry?: readonly ExpirySample[];
  /** How much a source that lets go when it is full had taken in at some of the last looks, oldest first. @default it does not tell */
  readonly growth?: readonly GrowthSample[];
}

/** How much a source had taken in at an instant. */
export interface GrowthSample {
  /** When it was looked at, epoch ms. */
  readonly at: EpochMs;
  /** See `SourceRoom`. */
  readonly written: string;
}

/** The first positions that a source still had at an instant. */
export interface ExpirySample {
  /** When it was looked at, epoch ms. */
  readonly at: EpochMs;
  /** The first positions that could be read, by partition. */
  readonly earliest: OffsetVector;
}

/** Returns where a reading of a source stands that begins at these positions. */
export function beginReading(
  start: OffsetVector,
  source: Pick<OffsetWatermark, "incarnation" | "latest" | "lookedAt">,
  before: { readonly epoch: number; readonly rebase: Rebase } | null = null,
): OffsetWatermark {
  const epoch = (before?.epoch ?? 0) + 1;
  return { ...source, epoch, origin: start, position: start, rebase: before?.rebase ?? null };
}
