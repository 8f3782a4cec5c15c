import type { Clock } from "../clock/clock.js";
import { ScheduleError } from "../errors/errors.js";
import type { SignalEmitter } from "../events/signals.js";
import type { TouchedTime } from "../job/job-outcome.js";
import { ledgerCutsOf } from "../planning/ledger-cuts.js";
import type { Run } from "../run/run.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { lateReportsOf, mayBeLate, touchedGroups } from "./late-reports.js";

/** Dependencies of `LateReporter`. */
export interface LateReporterParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly signals: SignalEmitter;
  /** Reports what a job says of a group that cannot be noted. */
  readonly onTrouble: (error: unknown, run: Run) => void;
}

/** Writes which earlier time the rows of jobs fell in. */
export class LateReporter {
  readonly #parts: LateReporterParts;

  constructor(parts: LateReporterParts) {
    this.#parts = parts;
  }

  /**
   * Reports the late data of a job that has succeeded. Written before its run's end, so that a kill in between
   * loses nothing: the next manager reports it again, which changes nothing.
   *
   * @throws StoreError if the store fails
   */
  async report(run: Run, touched: readonly TouchedTime[]): Promise<void> {
    if (!mayBeLate(run, touched)) return;
    const { store, clock, signals, onTrouble } = this.#parts;
    let ids = touchedGroups(run, touched);
    while (ids.length > 0) {
      const schedules = await store.getSchedules(ids);
      const at = clock.now();
      const known = schedules.filter((schedule) => schedule !== undefined);
      const cuts = await Promise.all(known.map((schedule) => ledgerCutsOf(store, schedule)));
      const reports = known.flatMap((schedule, index) =>
        lateReportsOf(run, touched, schedule, cuts[index]!, at),
      );
      const written = reports.length === 0 ? [] : await store.reportLate(reports);
      if (written.includes(true)) signals.emit("late-reported");
      for (const [index, id] of ids.entries()) {
        if (schedules[index] !== undefined) continue;
        const message = `The job of run ${run.id} has touched time of group ${id}, which does not exist.`;
        onTrouble(new ScheduleError("SCHEDULE_NOT_FOUND", message, { field: "touched" }), run);
      }
      // Purged since it was read, and perhaps registered again: then its intervals are others.
      const refused = reports.filter((_, index) => !written[index]);
      ids = [...new Set(refused.map(({ groupId }) => groupId))];
    }
  }
}
