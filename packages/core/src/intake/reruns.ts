import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import type { BackfillSelect } from "../run/backfill.js";
import type { Run } from "../run/run.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { RerunRequest, Taken } from "./callback.js";

/** Starts the backfill of one interval, once per id; returns how many runs it still has to plan. */
export type StartBackfill = (request: {
  readonly id: string;
  readonly groupId: string;
  readonly from: EpochMs;
  readonly to: EpochMs;
  readonly select: BackfillSelect;
}) => Promise<{ readonly runs: number }>;

/** Re-runs intervals: each re-run is a backfill of one interval, which is started once per id. */
export class Reruns {
  readonly #store: ScheduleStore;
  readonly #backfill: StartBackfill;

  constructor(store: ScheduleStore, backfill: StartBackfill) {
    this.#store = store;
    this.#backfill = backfill;
  }

  /**
   * Returns the run that an id has led to, now or at its first use; if it led to none, the run that covers
   * the interval.
   *
   * @param interval - that of the run that processed it, if there is one: merged runs are not split
   * @returns `undefined` if its run is still to be planned, which happens by itself
   * @throws LedgerError INTERVAL_INVALID if the id belongs to another group, or the interval is empty
   */
  async take(
    groupId: string,
    { lower, upper }: Interval,
    { id, select }: RerunRequest,
    standing: Run | undefined,
  ): Promise<Taken | undefined> {
    const isKnown = (await this.#store.getBackfill(id)) !== undefined;
    const left = await this.#backfill({ id, groupId, from: lower, to: upper, select });
    const { items } = await this.#store.listRuns({ groupId, backfillId: id }, { limit: 1 });
    const [made] = items;
    if (made !== undefined) return { run: made, duplicate: isKnown };
    return standing === undefined || left.runs > 0 ? undefined : { run: standing, duplicate: true };
  }
}
