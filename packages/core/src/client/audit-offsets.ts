import type { OffsetVector, PositionOrder } from "../offset/offset-vector.js";
import type { OffsetWatermark } from "../offset/offset-watermark.js";
import { isEnded } from "../run/lane.js";
import type { Run } from "../run/run.js";

/** A half-open range of positions of one partition. */
export interface PositionRange {
  readonly lower: string;
  readonly upper: string;
}

/** Proof of coverage of one partition. */
export interface PartitionAudit extends PositionRange {
  readonly partition: string;
  /** Positions that no run stands for. Empty unless the store was tampered with. */
  readonly gaps: readonly PositionRange[];
  /** Positions that runs of more than one interval stand for, which may have been read twice. */
  readonly overlaps: readonly PositionRange[];
  /** Positions that could no longer be read, and that no run has read. */
  readonly lost: readonly PositionRange[];
  /** Positions of runs that have not succeeded: in progress, failed, cancelled or given up. */
  readonly unread: readonly PositionRange[];
}

/** Proof of coverage of one reading of a source. */
export interface OffsetAudit {
  /** The life of the source, as its provider names it. */
  readonly incarnation: string;
  /** 1 for the first reading of the source, one more with each rebase. */
  readonly epoch: number;
  /** By partition, in the order of their names. */
  readonly partitions: readonly PartitionAudit[];
}

/** Start and end of the audited tile, by partition; none if only a part of the ledger is audited. */
type Anchors = Pick<OffsetWatermark, "epoch" | "origin" | "position">;

interface Part extends PositionRange {
  readonly kind: "read" | "unread" | "lost";
}

/**
 * Accounts for every position that runs stand for, by reading and partition. Pure.
 *
 * @param runs - the group's runs that are not superseded, in the order of their time
 * @param anchors - how far the source is planned, if the whole ledger is audited
 * @param copy - the newest snapshot that has succeeded: it has read what runs of its reading before it have not
 */
export function auditOffsets(
  order: PositionOrder,
  runs: readonly Run[],
  anchors: Anchors | null,
  copy?: Run,
): OffsetAudit[] {
  const epochs = new Map<number, Run[]>();
  for (const run of runs) {
    if (run.offsets === null) continue;
    const same = epochs.get(run.offsets.epoch);
    if (same === undefined) epochs.set(run.offsets.epoch, [run]);
    else same.push(run);
  }
  return [...epochs]
    .sort(([a], [b]) => a - b)
    .map(([epoch, members]) => ({
      incarnation: members[0]!.offsets!.incarnation,
      epoch,
      partitions: partitionsOf(order, intervalsOf(members, copy), anchors?.epoch === epoch ? anchors : null),
    }));
}

function partitionsOf(
  order: PositionOrder,
  intervals: readonly ReadInterval[],
  anchors: Anchors | null,
): PartitionAudit[] {
  const parts = new Map<string, Part[]>();
  for (const { offsets, kind } of intervals) {
    for (const [partition, upper] of Object.entries(offsets.upper)) {
      const lower = Object.hasOwn(offsets.lower, partition) ? offsets.lower[partition]! : upper;
      const known = parts.get(partition) ?? [];
      known.push({ lower, upper, kind });
      parts.set(partition, known);
    }
  }
  const names = new Set([...parts.keys(), ...Object.keys(anchors?.position ?? {})]);
  return [...names].sort().map((partition) => {
    const at = (vector: OffsetVector | undefined) =>
      vector !== undefined && Object.hasOwn(vector, partition) ? vector[partition] : undefined;
    const ends = { from: at(anchors?.origin), to: at(anchors?.position) };
    const compare = (a: string, b: string) => order.compare(partition, a, b);
    return { partition, ...tileOf(compare, parts.get(partition) ?? [], ends) };
  });
}

/** An interval with the positions that runs of it stand for. */
interface ReadInterval {
  readonly offsets: NonNullable<Run["offsets"]>;
  readonly kind: Part["kind"];
}

/**
 * Returns what stands for each interval, whatever its generations: read once one of them, or a copy after it, has
 * succeeded.
 */
function intervalsOf(runs: readonly Run[], copy: Run | undefined): ReadInterval[] {
  const intervals = new Map<string, ReadInterval>();
  for (const run of runs) {
    const { id, lower, upper, offsets, state, reason } = run;
    // Positions may have been lost more than once at the same instant.
    const isLost = state === "SKIPPED" && reason === "source-expired";
    const key = isLost ? id : `${lower}-${upper}`;
    const isRead = state === "SUCCEEDED" || isCopied(run, copy);
    const kind = isLost ? "lost" : isRead ? "read" : "unread";
    if (intervals.get(key)?.kind !== "read") intervals.set(key, { offsets: offsets!, kind });
  }
  return [...intervals.values()];
}

/** Returns whether a copy of the same reading has read the positions of a run before it that has ended. */
function isCopied({ upper, offsets, state }: Run, copy: Run | undefined): boolean {
  if (copy?.offsets == null || !isEnded(state)) return false;
  return upper <= copy.lower && offsets?.epoch === copy.offsets.epoch;
}

function tileOf(
  compare: (a: string, b: string) => number,
  parts: readonly Part[],
  { from, to }: { readonly from: string | undefined; readonly to: string | undefined },
): Omit<PartitionAudit, "partition"> {
  const sorted = [...parts].sort((a, b) => compare(a.lower, b.lower) || compare(a.upper, b.upper));
  const gaps: PositionRange[] = [];
  const overlaps: PositionRange[] = [];
  const begin = from ?? sorted[0]?.lower ?? to ?? "";
  let reach = begin;
  for (const { lower, upper } of sorted) {
    const step = compare(lower, reach);
    if (step > 0) gaps.push({ lower: reach, upper: lower });
    if (step < 0 && compare(lower, upper) < 0)
      overlaps.push({ lower, upper: compare(upper, reach) < 0 ? upper : reach });
    if (compare(upper, reach) > 0) reach = upper;
  }
  if (to !== undefined && compare(to, reach) > 0) gaps.push({ lower: reach, upper: to });
  const of = (kind: Part["kind"]): PositionRange[] =>
    sorted
      .filter((part) => part.kind === kind && compare(part.lower, part.upper) < 0)
      .map(({ lower, upper }) => ({ lower, upper }));
  return { lower: begin, upper: to ?? reach, gaps, overlaps, lost: of("lost"), unread: of("unread") };
}

const DECIMAL = /^\d+$/;

/** The order of positions if their provider is not installed: of numbers by their size, of other texts by theirs. */
export const PLAIN_ORDER: PositionOrder = {
  compare: (_partition, a, b) => {
    if (a === b) return 0;
    if (DECIMAL.test(a) && DECIMAL.test(b)) return BigInt(a) < BigInt(b) ? -1 : 1;
    return a < b ? -1 : 1;
  },
};
