import type { Run } from "../run/run.js";
import { eachItem } from "./each-item.js";
import type { RunFilter } from "./run-ledger.js";
import type { ScheduleStore } from "./schedule-store.js";

/** Yields the runs of a listing, read page by page. */
export function eachRun(store: Pick<ScheduleStore, "listRuns">, filter: RunFilter): AsyncGenerator<Run> {
  return eachItem((page) => store.listRuns(filter, page));
}
