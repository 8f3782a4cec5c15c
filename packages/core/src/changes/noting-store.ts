import type { Run, RunState } from "../run/run.js";
import { overlaid } from "../store/overlaid.js";
import type { PlanAnswer } from "../store/run-shortcuts.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { ChangeNotes } from "./change-notes.js";

/** Methods that change nothing that anybody looks at. */
type Read =
  | "isShared"
  | "open"
  | "close"
  | "now"
  | "inspect"
  | "getSchedules"
  | "getEpochs"
  | "listSchedules"
  | "listVersions"
  | "dependentsOf"
  | "due"
  | "coverage"
  | "missingTime"
  | "generationDigests"
  | "tally"
  | "renewLeases"
  | "cancelMarks"
  | "lastClaims"
  | "nextWake"
  | "listPools"
  | "poolPositions"
  | "getBackfill"
  | "listBackfills"
  | "listWatches"
  | "getWatches"
  | "listDeadlines"
  | "listAlerts"
  | "getSeals"
  | "getSplit"
  | "getLog"
  | "listLookbacks"
  | "getLookbacks"
  | "moveLookbacks"
  | "listLate"
  | "tellChanges"
  | "readChanges";

/** How many runs' groups are remembered. */
const MOST_KNOWN = 20_000;

/**
 * Wraps a store so that each write is noted: the one place that knows all of them. A write is noted when it has
 * ended, also if it has failed, since it may have been made and only its answer lost. So what is noted can be
 * read.
 */
export function notingStore(store: ScheduleStore, notes: ChangeNotes): ScheduleStore {
  /** Groups of runs that were read or claimed of late: most writes name runs only by their ids. */
  const known = new Map<string, string>();
  const noteRun = (id: string, groupId: string | null, state?: RunState): void =>
    notes.note(
      "run",
      groupId,
      groupId === null ? undefined : { id, ...(state === undefined ? {} : { state }) },
    );
  const noteRuns = (ids: readonly string[]): void => {
    for (const id of ids) noteRun(id, known.get(id) ?? null);
  };
  const learn = (runs: Iterable<Run | undefined>): void => {
    if (!notes.isCollecting) return;
    if (known.size > MOST_KNOWN) known.clear();
    for (const run of runs) if (run !== undefined) known.set(run.id, run.groupId);
  };
  const noting = async <T>(write: Promise<T>, note: (answer: T | undefined) => void): Promise<T> => {
    let answer: T | undefined;
    try {
      answer = await write;
      return answer;
    } finally {
      if (notes.isCollecting) note(answer);
      else if (!isNothing(answer)) notes.noteAny();
    }
  };

  const writes: Required<Omit<ScheduleStore, Read>> = {
    insertSchedules: (schedules) =>
      noting(store.insertSchedules(schedules), () => {
        for (const { spec } of schedules) notes.note("schedule", spec.groupId);
      }),
    changeSchedules: (changes) =>
      noting(store.changeSchedules(changes), () => {
        for (const { groupId } of changes) notes.note("schedule", groupId);
      }),
    purgeSchedule: (groupId, expected) =>
      noting(store.purgeSchedule(groupId, expected), () => notes.note("schedule", groupId)),
    plan: (commits) =>
      noting(store.plan(commits), (done) => {
        for (const [n, { groupId, runs, supersedes = [] }] of commits.entries()) {
          if (done?.[n] === false) continue;
          for (const { id, state } of runs) noteRun(id, groupId, state);
          for (const id of supersedes) noteRun(id, groupId);
        }
      }),
    planAndClaim: (commits, request) =>
      noting(store.planAndClaim!(commits, request), (answers) => {
        for (const [n, { groupId, runs, supersedes = [] }] of commits.entries()) {
          const answer = answers?.[n];
          if (answer === "refused") continue;
          if (typeof answer === "object") learn([answer.run]);
          for (const { id, state } of runs) noteRun(id, groupId, stateOf(answer) ?? state);
          for (const id of supersedes) noteRun(id, groupId);
        }
      }),
    insertRuns: (runs, options) =>
      noting(store.insertRuns(runs, options), (done) => {
        for (const [n, { id, groupId, state }] of runs.entries()) {
          if (done?.[n] !== false) noteRun(id, groupId, state);
        }
      }),
    report: (commit) =>
      noting(store.report(commit), () => {
        for (const { id } of commit.runs) noteRun(id, commit.groupId, "SUCCEEDED");
      }),
    noteStale: (ids) => noting(store.noteStale(ids), () => noteRuns(ids)),
    getRuns: async (ids) => {
      const runs = await store.getRuns(ids);
      learn(runs);
      return runs;
    },
    listRuns: async (filter, page) => {
      const runs = await store.listRuns(filter, page);
      learn(runs.items);
      return runs;
    },
    claim: (request) =>
      noting(store.claim(request), (claimed) => {
        // A claim whose answer was lost is known by its lease only.
        if (claimed === undefined) return notes.note("run", null);
        learn(claimed.map(({ run }) => run));
        for (const { run } of claimed) noteRun(run.id, run.groupId, run.state);
      }),
    changeRuns: (changes) =>
      noting(store.changeRuns(changes), (done) => {
        for (const [n, { id, state }] of changes.entries()) {
          if (done?.[n] !== false) noteRun(id, known.get(id) ?? null, state);
        }
      }),
    endRuns: (ends) =>
      noting(store.endRuns!(ends), (effects) => {
        for (const [n, { run, change }] of ends.entries()) {
          if (effects === undefined || effects[n] !== undefined) noteRun(run.id, run.groupId, change.state);
        }
      }),
    requestCancel: (ids, reason) => noting(store.requestCancel(ids, reason), () => noteRuns(ids)),
    listGated: async (query) => {
      const gated = await store.listGated(query);
      learn(gated.map(({ run }) => run));
      return gated;
    },
    settleGates: (settlements) =>
      noting(store.settleGates(settlements), (done) => {
        for (const [n, settlement] of settlements.entries()) {
          if (done?.[n] === false) continue;
          const hasFailed = !settlement.isOpen && settlement.failure !== undefined;
          noteRun(settlement.id, known.get(settlement.id) ?? null, hasFailed ? "FAILED" : undefined);
        }
      }),
    markReady: (id, mark) => noting(store.markReady(id, mark), () => noteRuns([id])),
    setPool: (pool) => noting(store.setPool(pool), () => notes.note("pool", null)),
    deletePool: (name) => noting(store.deletePool(name), () => notes.note("pool", null)),
    insertBackfill: (backfill, read) =>
      noting(store.insertBackfill(backfill, read), () => notes.note("backfill", backfill.groupId)),
    planBackfill: (commit) =>
      noting(store.planBackfill(commit), () => {
        for (const { id, groupId, state } of commit.runs) noteRun(id, groupId, state);
        notes.note("backfill", commit.runs[0]?.groupId ?? null);
      }),
    judgeDeadlines: (judgements) =>
      noting(store.judgeDeadlines(judgements), () => {
        for (const { groupId, records } of judgements) {
          if (records.length > 0) notes.note("deadline", groupId);
        }
      }),
    noteAlerts: (alerts) =>
      noting(store.noteAlerts(alerts), () => {
        for (const { record } of alerts) notes.note("deadline", record.groupId);
      }),
    putSeal: (change) => noting(store.putSeal(change), () => notes.note("seal", change.groupId)),
    insertSplit: (split) => noting(store.insertSplit(split), () => noteRuns([split.runId])),
    changeShards: (changes) =>
      noting(store.changeShards(changes), () => noteRuns([...new Set(changes.map(({ runId }) => runId))])),
    beginMerge: (writer, at) => noting(store.beginMerge(writer, at), () => noteRuns([writer.runId])),
    dropSplit: (writer) => noting(store.dropSplit(writer), () => noteRuns([writer.runId])),
    keepLogs: (logs) => noting(store.keepLogs(logs), () => noteRuns(logs.map(({ runId }) => runId))),
    reportLate: (reports) =>
      noting(store.reportLate(reports), () => {
        for (const { groupId, reportedBy } of reports) {
          notes.note("late-data", groupId);
          // Runs of any group may have become stale.
          if (groupId === reportedBy) notes.note("run", null);
        }
      }),
    settleLate: (settlements) =>
      noting(store.settleLate(settlements), () => {
        for (const { late } of settlements) notes.note("late-data", late.groupId);
      }),
  };
  return overlaid(store, writes);
}

/** Returns the state of a run that was claimed as it was planned. */
function stateOf(answer: PlanAnswer | undefined): RunState | undefined {
  return typeof answer === "object" ? answer.run.state : undefined;
}

/** Returns whether an answer says that nothing was written. */
function isNothing(answer: unknown): boolean {
  return answer === false || (Array.isArray(answer) && answer.every((one) => !one || one === "refused"));
}
