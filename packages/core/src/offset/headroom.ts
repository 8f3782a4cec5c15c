import type { EpochMs } from "../clock/clock.js";
import type { Grid } from "../schedule/grid.js";
import type { OffsetBounds } from "./offset-provider.js";
import { isSame, type OffsetVector, positionIn } from "./offset-vector.js";
import type { ExpirySample, GrowthSample, OffsetWatermark } from "./offset-watermark.js";

/** How many movements of the earliest positions are kept: retention drops whole segments, so its rate is that of several. */
const MOST_SAMPLES = 4;

/** The least headroom at which nobody needs to know of it, ms, whatever the period. */
const LEAST_HEADROOM_MS = 3_600_000;

/** How far apart samples of a source's growth are at least, ms. */
const GROWTH_EVERY_MS = LEAST_HEADROOM_MS / MOST_SAMPLES;

const DECIMAL = /^\d+$/;

/**
 * Returns the movements of a source's earliest positions with those of a look.
 *
 * @param known - what an earlier look found, if it is remembered; nothing is kept of a source that never lets go
 */
export function expiryAfter(
  samples: readonly ExpirySample[],
  known: ExpirySample | undefined,
  { at, earliest }: ExpirySample,
): readonly ExpirySample[] {
  const last = samples.at(-1) ?? known;
  if (last === undefined || isSame(last.earliest, earliest)) return samples;
  const before = samples.length === 0 ? [last] : samples;
  return [...before, { at, earliest }].slice(-MOST_SAMPLES);
}

/**
 * Returns how long unread positions stay readable, ms, if the source goes on to let go of others as it did; `undefined` if
 * nothing is known of that. Of positions that are no whole numbers, no rate is known.
 *
 * @param lower - where reading continues, by partition
 */
export function headroomOf(
  samples: readonly ExpirySample[],
  lower: OffsetVector,
  { at, earliest, latest }: Pick<OffsetBounds, "at" | "earliest" | "latest">,
): number | undefined {
  const [first] = samples;
  if (first === undefined || samples.length < 2 || at <= first.at) return undefined;
  const all = Object.entries(lower).flatMap(([partition, position]) => {
    const [before, now, end] = [first.earliest, earliest, latest].map((one) => positionIn(one, partition));
    if (![position, before, now, end].every((one) => one !== undefined && DECIMAL.test(one))) return [];
    const moved = BigInt(now!) - BigInt(before!);
    const isRead = BigInt(position) >= BigInt(end!);
    if (moved <= 0n || isRead) return [];
    const left = BigInt(position) - BigInt(now!);
    return left < 0n ? [0] : [Number((left * BigInt(at - first.at)) / moved)];
  });
  if (all.length === 0) return undefined;
  return Math.min(...all, Number.MAX_SAFE_INTEGER);
}

/**
 * Returns how much a source had taken in at some of the last looks, with this one. They are some time apart, so that the
 * rate is not that of a moment.
 */
export function growthAfter(
  samples: readonly GrowthSample[],
  { at, room }: Pick<OffsetBounds, "at" | "room">,
): readonly GrowthSample[] {
  if (room === undefined) return [];
  const last = samples.at(-1);
  if (last !== undefined && at - last.at < GROWTH_EVERY_MS) return samples;
  return [...samples, { at, written: room.written }].slice(-MOST_SAMPLES);
}

/**
 * Returns how long a source has room for what is written to it, ms, if it goes on to be written as it was; `undefined` if
 * nothing is known of that, or nothing was. A source that lets go when it is full lets go of everything, whatever of it was
 * read and is not released yet.
 */
export function roomMsOf(
  samples: readonly GrowthSample[],
  { at, room }: Pick<OffsetBounds, "at" | "room">,
): number | undefined {
  if (room === undefined) return undefined;
  const left = BigInt(room.limit) - BigInt(room.written);
  if (left <= 0n) return 0;
  const [first] = samples;
  if (first === undefined || at <= first.at) return undefined;
  const grown = BigInt(room.written) - BigInt(first.written);
  if (grown <= 0n) return undefined;
  return Math.min(Number((left * BigInt(at - first.at)) / grown), Number.MAX_SAFE_INTEGER);
}

/** Returns the headroom below which somebody should know of it: two periods of the schedule, and an hour at least, ms. */
export function leastHeadroomMs(grid: Pick<Grid, "next">, watermark: EpochMs): number {
  const next = grid.next(watermark);
  const periodMs = next === undefined ? 0 : next.upper - next.lower;
  return Math.max(2 * periodMs, LEAST_HEADROOM_MS);
}

/** Returns whether unread positions of a source may soon be gone. */
export function isExpiring(
  offsets: Pick<OffsetWatermark, "headroomMs"> | null,
  grid: Pick<Grid, "next">,
  watermark: EpochMs,
): boolean {
  const { headroomMs } = offsets ?? {};
  return headroomMs !== undefined && headroomMs < leastHeadroomMs(grid, watermark);
}
