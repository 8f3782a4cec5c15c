import { LedgerError } from "../errors/errors.js";
import { SnapshotStates } from "../planning/snapshot-states.js";
import { OPEN_RUN_STATES } from "../run/lane.js";
import type { Schedule } from "../schedule/schedule.js";
import type { ScheduleStore } from "../store/schedule-store.js";

type Ledger = Pick<ScheduleStore, "listRuns">;

/** Returns the error of a request to plan something for which nothing was planned: RUN_STATE_ILLEGAL or INTERVAL_OPEN. */
export async function refusalOfPlan(store: Ledger, schedule: Schedule): Promise<LedgerError> {
  const { groupId } = schedule.spec;
  const snapshot = await refusalOfSnapshot(store, schedule);
  if (snapshot !== undefined) return snapshot;
  const blocking = await store.listRuns({ groupId, isBlocking: true }, { limit: 1 });
  const open = await store.listRuns({ groupId, states: OPEN_RUN_STATES }, { limit: 1 });
  const run = blocking.items[0] ?? open.items[0];
  if (run === undefined) {
    return new LedgerError(
      "INTERVAL_OPEN",
      `Group ${groupId} has nothing to plan now: nothing is over since its last run, or its schedule has ended or is not registered.`,
    );
  }
  const wayOut = run.state === "FAILED" ? "retry or cancel it" : "ask again when it has ended, or cancel it";
  return new LedgerError(
    "RUN_STATE_ILLEGAL",
    `Group ${groupId} plans nothing more for now, as its policies say: run ${run.id} is ${run.state}; ${wayOut}. Nothing that is owed is lost.`,
  );
}

/** Returns why increments of a group wait for its snapshot; `undefined` if they do not. */
export async function refusalOfSnapshot(store: Ledger, schedule: Schedule): Promise<LedgerError | undefined> {
  const { groupId } = schedule.spec;
  const { holding } = (await new SnapshotStates(store).read([schedule])).get(groupId) ?? {};
  if (holding === undefined) return undefined;
  return new LedgerError(
    "RUN_STATE_ILLEGAL",
    `Group ${groupId} has a snapshot already that has not succeeded: run ${holding.id} is ${holding.state}.`,
  );
}
