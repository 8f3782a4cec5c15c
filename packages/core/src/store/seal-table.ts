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

/** The seals of groups. A facet of `ScheduleStore`. */
export interface SealTable {
  /** Writes a seal over the group's last one; `false` if the ledger or the seal is another one. */
  putSeal(change: SealChange): Promise<boolean>;
  /** Returns the seals of these groups, in this order; `undefined` for a group that was never sealed. */
  getSeals(groupIds: readonly string[]): Promise<(Seal | undefined)[]>;
}
