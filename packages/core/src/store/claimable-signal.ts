import { overlaid } from "./overlaid.js";
import type { RunChange } from "./run-queue.js";
import type { ScheduleStore } from "./schedule-store.js";
import type { ScheduleChange } from "./schedule-table.js";

/**
 * Wraps a store so that it calls `tell` after each write that may have made a run claimable or gated: the one place
 * that knows all of them, so that no caller has to think of those who wait for work. Ends and attempts
 * recorded by the holder of a run are not signalled: it checks for more by itself.
 */
export function signallingStore(store: ScheduleStore, tell: () => void): ScheduleStore {
  const telling = async <T>(isTold: (answer: T) => boolean, write: Promise<T>): Promise<T> => {
    const answer = await write;
    if (isTold(answer)) tell();
    return answer;
  };
  const writes: Partial<ScheduleStore> = {
    planAndClaim: (commits, request) =>
      telling(
        (answers) => answers.some((answer, n) => answer === "planned" && commits[n]!.runs.length > 0),
        store.planAndClaim!(commits, request),
      ),
    changeSchedules: (changes) =>
      telling(
        (done) => done.some((isDone, n) => isDone && changesLane(changes[n]!)),
        store.changeSchedules(changes),
      ),
    plan: (commits) =>
      telling((done) => done.some((isDone, n) => isDone && commits[n]!.runs.length > 0), store.plan(commits)),
    insertRuns: (runs, options) => telling((done) => done.includes(true), store.insertRuns(runs, options)),
    // It may wake gated runs.
    report: (commit) => telling((isDone) => isDone, store.report(commit)),
    planBackfill: (commit) =>
      telling((isDone) => isDone && commit.runs.length > 0, store.planBackfill(commit)),
    settleGates: (settlements) => telling((done) => done.includes(true), store.settleGates(settlements)),
    markReady: (id, mark) => telling((isDone) => isDone, store.markReady(id, mark)),
    setPool: (pool) => telling(() => true, store.setPool(pool)),
    changeRuns: (changes) =>
      telling((done) => done.some((isDone, n) => isDone && isUnheld(changes[n]!)), store.changeRuns(changes)),
  };
  return overlaid(store, writes);
}

function changesLane({ laneWidth }: ScheduleChange): boolean {
  return laneWidth !== undefined;
}

/** Returns whether the run's holder did not make this change: a retry, a cancellation, an unblocking. */
function isUnheld({ token }: RunChange): boolean {
  return token === undefined;
}
