import type { EpochMs } from "../clock/clock.js";
import { FIRST_INSTANT } from "../interval/boundaries.js";
import type { Run, RunState } from "../run/run.js";
import { STANDING_STATES } from "../run/standing.js";
import type { RunLedger } from "./run-ledger.js";

type Runs = Pick<RunLedger, "listRuns">;

/** Returns the newest snapshot of a group that stands, whatever its mode is now: the copy stays when that changes. */
export function newestSnapshot(store: Runs, groupId: string): Promise<Run | undefined> {
  return newestOf(store, groupId, STANDING_STATES);
}

/**
 * Returns the newest snapshot of a group that has succeeded: the target has all that was there before its end.
 *
 * @param before - only of those that begin before this instant, epoch ms
 */
export function newestCopy(store: Runs, groupId: string, before?: EpochMs): Promise<Run | undefined> {
  return newestOf(store, groupId, ["SUCCEEDED"], before);
}

async function newestOf(
  store: Runs,
  groupId: string,
  states: readonly RunState[],
  before?: EpochMs,
): Promise<Run | undefined> {
  const filter = {
    groupId,
    isSnapshot: true,
    states,
    ...(before === undefined ? {} : { within: { lower: FIRST_INSTANT, upper: before } }),
    includeSuperseded: false,
    order: "descending",
  } as const;
  return (await store.listRuns(filter, { limit: 1 })).items[0];
}
