import type { EpochMs } from "../clock/clock.js";
import type { OffsetRange, OffsetVector } from "../offset/offset-vector.js";
import type { Run, RunState, SnapshotCause } from "../run/run.js";

/** The hand-over from a full copy to the increments behind it. */
export interface SnapshotAudit {
  /** The run that makes the copy. */
  readonly runId: string;
  /** Its state. */
  readonly state: RunState;
  /** Why it was made. */
  readonly cause: SnapshotCause;
  /** Its upper bound, epoch ms: everything before it is in the copy. */
  readonly upTo: EpochMs;
  /** The same as positions by partition; `null` for boundaries of time alone. */
  readonly positions: OffsetVector | null;
  /** The run behind it; `null` if none is planned. */
  readonly nextRunId: string | null;
  /**
   * Whether the run behind it begins exactly where it ends, in time and in positions, or where positions end that were lost behind it;
   * `null` if none is planned.
   */
  readonly isSeamless: boolean | null;
  /**
   * From when on the target holds one state of the source, epoch ms: the upper bound, or the end of the copy if its job
   * cannot end there. `null` until it has succeeded.
   */
  readonly consistentFrom: EpochMs | null;
  /**
   * How the rows of the copy compare with those that were written before it; `null` for the first copy of a reading, and until the copy has
   * succeeded with a number of rows.
   */
  readonly drift: SnapshotDrift | null;
}

/**
 * Rows that were written by a full copy, and by the copy before it with the increments between the two. If rows are only inserted, the copy has more by
 * those of its own interval. If it has fewer, rows were deleted or updated in the source, or written twice; if it has more than
 * that, increments have missed rows.
 */
export interface SnapshotDrift {
  readonly rowsBefore: number;
  readonly rowsCopied: number;
}

/**
 * Accounts for one hand-over. Pure.
 *
 * @param next - the run whose interval begins where the copy ends
 * @param lost - the runs of positions that were lost where the copy ends
 * @param isExact - whether the job reads nothing behind its upper bound
 * @param rowsBefore - rows that the copy before it and the increments between the two have written; `undefined` if there is none
 */
export function auditSnapshot(
  run: Run,
  next: Run | undefined,
  lost: readonly Run[],
  isExact: boolean,
  rowsBefore: number | undefined,
): SnapshotAudit {
  const { id, state, upper, offsets, snapshot, endedAt, metrics } = run;
  const rowsCopied = state === "SUCCEEDED" ? metrics?.rowsWritten : undefined;
  return {
    runId: id,
    state,
    cause: snapshot!.cause,
    upTo: upper,
    positions: offsets?.upper ?? null,
    nextRunId: next?.id ?? null,
    isSeamless: next === undefined ? null : next.lower === upper && continues(run, lost, next),
    consistentFrom: state === "SUCCEEDED" ? (snapshot!.consistentFrom ?? (isExact ? upper : endedAt)) : null,
    drift: rowsBefore === undefined || rowsCopied === undefined ? null : { rowsBefore, rowsCopied },
  };
}

/** A partition that was added begins anew, and another reading begins elsewhere. */
function continues({ offsets: before }: Run, lost: readonly Run[], { offsets: after }: Run): boolean {
  if (before === null || after === null || before.epoch !== after.epoch) return true;
  const gone = lost.flatMap(({ offsets }) => (offsets?.epoch === before.epoch ? [offsets] : []));
  const common = Object.keys(before.upper).filter((partition) => Object.hasOwn(after.lower, partition));
  return common.every((partition) => {
    const ends = behind(before.upper[partition]!, partition, gone);
    return ends.has(after.lower[partition]!);
  });
}

/** Returns a position, and those up to which ranges that begin there were lost. */
function behind(from: string, partition: string, lost: readonly OffsetRange[]): ReadonlySet<string> {
  const ends = new Set([from]);
  // A set yields what is added to it meanwhile.
  for (const end of ends)
    for (const { lower, upper } of lost) if (lower[partition] === end) ends.add(upper[partition]!);
  return ends;
}
