import type { EpochMs } from "../clock/clock.js";

/** A person's decision that a group's time is closed: nothing in it is written again without force. */
export interface Seal {
  readonly groupId: string;
  /** End of the sealed time, exclusive, epoch ms. */
  readonly through: EpochMs;
  /** Why, for people. */
  readonly note: string;
  /** When it was sealed, epoch ms. */
  readonly sealedAt: EpochMs;
}

/** A seal, written only if the group's ledger and seal still are as the caller saw them. */
export interface SealChange extends Seal {
  /** `Schedule.incarnation` as it was read. */
  readonly incarnation: string;
  /** `Seal.through` as it was read; `null` if there was no seal. */
  readonly expected: EpochMs | null;
}

/** The seal on which a write was decided. */
export interface SealRead {
  /**
   * `Seal.through` of the group as it was read, `null` if there was no seal: the write is refused if the group has another
   * one by now. @default any: the write may be of sealed time
   */
  readonly seal?: EpochMs | null;
}

/** Returns whether a group still has the seal that a caller has read, if it names one. Pure. */
export function isSealAsRead(seal: Seal | undefined, read: SealRead): boolean {
  return read.seal === undefined || read.seal === (seal?.through ?? null);
}

/**
 * The seals of groups. A facet of `ScheduleStore`.
 *
 * A seal and what writes its time again exclude each other: a seal is refused while something is to write it, and a
 * write that names the seal on which it was decided (`SealRead`) is refused once there is another one. Both are decided
 * in the transaction of the write, so of two that come at the same time one is refused.
 */
export interface SealTable {
  /**
   * Writes a seal over the group's last one. `false` if the ledger or the seal is another one; or if the seal goes
   * beyond the last one while the time from the ledger's beginning up to it is still being written: an open run overlaps
   * it or is a snapshot, a snapshot of another reading is to come (`OffsetWatermark.needsSnapshot`), or a backfill in
   * progress begins or stands before its end.
   */
  putSeal(change: SealChange): Promise<boolean>;
  /** Returns the seals of these groups, in this order; `undefined` for a group that was never sealed. */
  getSeals(groupIds: readonly string[]): Promise<(Seal | undefined)[]>;
}
