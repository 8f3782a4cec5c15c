import type { EpochMs } from "../../clock/clock.js";
import type { Backfill } from "../../run/backfill.js";
import type { Run } from "../../run/run.js";
import { isSealed } from "../../schedule/sealed.js";
import { isSealAsRead, type Seal, type SealRead } from "../seal-table.js";
import type { Group } from "./rows.js";

/** The seals of all groups. */
export class SealTable {
  readonly #byGroup = new Map<string, Seal>();

  get(groupId: string): Seal | undefined {
    return this.#byGroup.get(groupId);
  }

  /** Returns whether a group has the seal that a caller has read, if it names one. */
  isAsRead(groupId: string, read: SealRead): boolean {
    return isSealAsRead(this.#byGroup.get(groupId), read);
  }

  /** Returns whether a group's seal has closed the time of a run since the run has ended. */
  hasClosed({ schedule }: Group, run: Run): boolean {
    const seal = this.#byGroup.get(run.groupId);
    return seal !== undefined && isSealed(schedule, run, seal.through) && (run.endedAt ?? 0) <= seal.sealedAt;
  }

  put(seal: Seal): void {
    this.#byGroup.set(seal.groupId, seal);
  }

  remove(groupId: string): void {
    this.#byGroup.delete(groupId);
  }
}

/** Returns whether any of a group's time up to an instant is still to be written: see `SealTable.putSeal`. */
export function isBeingWritten(
  { open, schedule: { origin, offsets } }: Group,
  running: readonly Backfill[],
  through: EpochMs,
): boolean {
  if (offsets?.needsSnapshot === true) return true;
  for (const { run } of open)
    if (run.snapshot !== null || (run.lower < through && run.upper > origin)) return true;
  return running.some(({ lower, cursor }) => Math.min(lower, cursor) < through);
}
