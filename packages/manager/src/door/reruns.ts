import type { Interval, Run, Schedule, ScheduleClient, ScheduleStore } from "@tidegate/core";
import type { Rerun } from "./callback.js";
import type { Taken } from "./intake.js";

/** What re-runs work with. */
export interface RerunsParts {
  readonly client: ScheduleClient;
  readonly store: ScheduleStore;
}

/** Has intervals run once more: each re-run is a backfill of one interval, which is begun once for its id. */
export class Reruns {
  readonly #parts: RerunsParts;

  constructor(parts: RerunsParts) {
    this.#parts = parts;
  }

  /**
   * The run that an id has led to, now or when it came first; where it led to none, the one that stands for the interval.
   *
   * @param interval - of the run that has done it, where there is one: what was merged is not cut
   * @returns `undefined` where its run is still to be planned, which goes on by itself
   * @throws LedgerError INTERVAL_INVALID where the id is another group's, or the interval is empty
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
