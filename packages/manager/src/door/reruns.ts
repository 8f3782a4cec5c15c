import type { Interval, Run, Schedule, ScheduleClient, ScheduleStore } from "@tidegate/core";
import type { Rerun } from "./callback.js";
import type { Taken } from "./intake.js";

/** Dependencies of `Reruns`. */
export interface RerunsParts {
  readonly client: ScheduleClient;
  readonly store: ScheduleStore;
}

/** Re-runs intervals: each re-run is a backfill of one interval, which is started once per id. */
export class Reruns {
  readonly #parts: RerunsParts;

  constructor(parts: RerunsParts) {
    this.#parts = parts;
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
    { spec: { groupId } }: Schedule,
    { lower, upper }: Interval,
    { id, select }: Rerun,
    standing: Run | undefined,
  ): Promise<Taken | undefined> {
    const { client, store } = this.#parts;
    const isKnown = (await store.getBackfill(id)) !== undefined;
    const left = await client.backfill({ id, groupId, from: lower, to: upper, select });
    const { items } = await store.listRuns({ groupId, backfillId: id }, { limit: 1 });
    const [made] = items;
    if (made !== undefined) return { run: made, duplicate: isKnown };
    return standing === undefined || left.runs > 0 ? undefined : { run: standing, duplicate: true };
  }

  /** @throws LedgerError RUN_NOT_FOUND */
  runOf(runId: string): Promise<Run> {
    return this.#parts.client.getRun(runId);
  }
}
