import type { Run } from "../run/run.js";
import type { RunFilter } from "./run-ledger.js";
import type { ScheduleStore } from "./schedule-store.js";

const PAGE = 1_000;

/** Yields the runs of a listing, read page by page. */
export async function* eachRun(
  store: Pick<ScheduleStore, "listRuns">,
  filter: RunFilter,
): AsyncGenerator<Run> {
  let cursor: string | undefined;
  do {
    const page = await store.listRuns(filter, { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    yield* page.items;
    cursor = page.next;
  } while (cursor !== undefined);
}
