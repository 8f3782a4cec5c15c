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
