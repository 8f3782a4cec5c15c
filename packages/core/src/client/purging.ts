import type { Dispatcher } from "../dispatch/dispatcher.js";
import { hasCode, messageOf, ScheduleError } from "../errors/errors.js";
import type { IntervalPlanner } from "../planning/planner.js";
import type { Schedule } from "../schedule/schedule.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { type ScheduleChanges, staleVersion } from "./schedule-changes.js";
import { UNREGISTERED } from "./unregistered-runs.js";

/** Dependencies of `Purging`. */
export interface PurgingParts {
  readonly store: ScheduleStore;
  readonly planner: IntervalPlanner;
  readonly changes: ScheduleChanges;
  readonly dispatcher: Dispatcher;
}

/**
 * Deletes ledgers, but not before all their jobs have ended: one that continued after that would write alongside those of
 * the group's next ledger, unnoticed.
 */
export class Purging {
  readonly #parts: PurgingParts;

  constructor(parts: PurgingParts) {
    this.#parts = parts;
  }

  /**
   * Deletes the ledger of a group that is unregistered.
   *
   * @param force - whether to do so although jobs that have been left behind cannot be stopped
   * @throws ScheduleError SCHEDULE_STATUS_ILLEGAL, SCHEDULE_VERSION_STALE (registered again meanwhile)
   */
  async purgeDeleted(groupId: string, force: boolean): Promise<void> {
    const { changes } = this.#parts;
    for (;;) {
      const read = await changes.get(groupId);
      if (read.status !== "DELETED") {
        throw illegal(
          `Group ${groupId} is not purged: its engine has not let it go yet. Try again when it is DELETED.`,
        );
      }
      await this.#refuseActive(groupId);
      await this.#endPlanned(read);
      await this.#stopLeft(groupId, force);
      if (await this.#isPurged(read)) return;
      // A run has begun meanwhile.
      const now = await changes.get(groupId);
      if (now.incarnation !== read.incarnation || now.status !== read.status)
        throw staleVersion(now, read.version);
    }
  }

  /** Deletes what others have reported of a source group, which has no jobs. */
  async purgeSource(read: Schedule): Promise<void> {
    if (await this.#isPurged(read)) return;
    throw staleVersion(await this.#parts.changes.get(read.spec.groupId), read.version);
  }

  /** Deletes the ledger that was read: not that of a registration which came since. */
  async #isPurged(read: Schedule): Promise<boolean> {
    const { planner, store } = this.#parts;
    const { groupId } = read.spec;
    const isPurged = await store.purgeSchedule(groupId, read);
    planner.forget(groupId);
    return isPurged;
  }

  async #refuseActive(groupId: string): Promise<void> {
    const active = await this.#parts.store.listRuns(
      { groupId, states: ["SUBMITTING", "RUNNING"] },
      { limit: 1 },
    );
    const [run] = active.items;
    if (run === undefined) return;
    throw illegal(
      `Group ${groupId} is unregistered but not purged: run ${run.id} is ${run.state}. Cancel it or wait for its end, and purge again.`,
    );
  }

  /** Cancels runs that have come since the group was unregistered: an attempt that has failed, or a late retry. */
  async #endPlanned(read: Schedule): Promise<void> {
    const { store, changes, dispatcher } = this.#parts;
    const { groupId } = read.spec;
    const planned = await store.listRuns({ groupId, states: ["PLANNED"] }, { limit: 1 });
    if (planned.items.length === 0) return;
    await dispatcher.stopPlanned(groupId);
    await changes.change(read, { cancelPlanned: UNREGISTERED });
  }

  /** Stops jobs that runs which have ended have left behind. */
  async #stopLeft(groupId: string, force: boolean): Promise<void> {
    try {
      await this.#parts.dispatcher.stopEnded(groupId);
    } catch (error) {
      if (!hasCode(error, "RUN_STATE_ILLEGAL")) throw error;
      if (force) return;
      throw illegal(
        `Group ${groupId} is unregistered but not purged: ${messageOf(error)} Purge it again later, or with force if its next ledger may meet that job.`,
        error,
      );
    }
  }
}

function illegal(message: string, cause?: unknown): ScheduleError {
  return new ScheduleError("SCHEDULE_STATUS_ILLEGAL", message, cause === undefined ? {} : { cause });
}
