import type { EpochMs } from "../../clock/clock.js";
import { generationDigestOf, isDigested, mergeGenerations } from "../../run/generation-digest.js";
import type { Run, RunInput } from "../../run/run.js";
import type { GroupWindow } from "../run-ledger.js";
import type { LateTable } from "./late-table.js";
import type { RunTable } from "./run-table.js";
import type { ScheduleTable } from "./schedule-table.js";

/** The digests of a store's groups, and the runs that have read other data than there are now. */
export class Staleness {
  readonly #schedules: ScheduleTable;
  readonly #runs: RunTable;
  readonly #late: LateTable;

  constructor(schedules: ScheduleTable, runs: RunTable, late: LateTable) {
    this.#schedules = schedules;
    this.#runs = runs;
    this.#late = late;
  }

  /** Returns a digest of what has succeeded in a window: see `ScheduleStore.generationDigests`. */
  digestOf(window: GroupWindow): string {
    const group = this.#schedules.get(window.groupId);
    const rows = group?.runs.rows({ within: window }) ?? [];
    const succeeded = Array.from(rows, ({ run }) => run).filter(isDigested);
    const ranges = mergeGenerations(succeeded, window);
    const lateReports = this.#late.ownReports(window.groupId, window);
    return generationDigestOf(group?.schedule.incarnation ?? "", ranges, lateReports);
  }

  /** Returns whether all inputs are as they were found. */
  areCurrent(inputs: readonly RunInput[]): boolean {
    return inputs.every((input) => this.digestOf(input) === input.digest);
  }

  /**
   * Makes the runs stale that have read other data in the time of a run than there are now. A first generation
   * changes only what was missing, or was read before a purge.
   */
  mark({ groupId, lower, upper, generation }: GroupWindow & Pick<Run, "generation">, at: EpochMs): void {
    const isAgain = generation > 0 || this.#runs.purged.has(groupId);
    for (const row of this.#runs.readersOf({ groupId, lower, upper })) {
      const read = row.run.inputs.filter(
        (input) =>
          input.isIgnored !== true &&
          input.groupId === groupId &&
          input.lower < upper &&
          input.upper > lower &&
          (isAgain || (input.missing ?? []).length > 0),
      );
      if (row.run.isSuperseded || this.areCurrent(read)) continue;
      this.#runs.update(row, (run) => {
        run.staleAt = at;
      });
    }
  }
}
