import type { JobMetrics } from "../../job/job-outcome.js";
import type { ClaimQueue } from "../../run/claim-order.js";
import { isEnded } from "../../run/lane.js";
import type { AttemptRecord, NewRun, Run } from "../../run/run.js";
import { placementAfter } from "../placement.js";
import type { RunChange } from "../run-queue.js";
import type { BackfillRow } from "./backfill-table.js";
import { frozenCopy } from "./frozen-copy.js";
import type { Group } from "./group.js";
import { type HeapItem, NOT_QUEUED } from "./indexed-heap.js";

/** A run whose fields may be written. */
export type MutableRun = { -readonly [Field in keyof Run]: Run[Field] };

/** A run as the table keeps it. It is in the queue of its place: its lane's, a queue of claims, or that of leases. */
export interface RunRow extends HeapItem {
  readonly run: MutableRun;
  readonly group: Group;
  readonly backfill: BackfillRow | undefined;
  /** The newest fencing token; 0 while it was never claimed. */
  token: number;
  /** Where it waits to be claimed when it is ready. */
  queue: ClaimQueue;
}

const NO_HISTORY: readonly AttemptRecord[] = Object.freeze([]);

/** Where a run stands in every listing. */
export type RunPosition = Pick<Run, "lower" | "generation" | "upper" | "id">;

/** The order of the ledger: by lower bound, then generation, then upper bound, then id. */
export function comparePositions(a: RunPosition, b: RunPosition): number {
  return a.lower - b.lower || a.generation - b.generation || a.upper - b.upper || compareText(a.id, b.id);
}

/** Whether a value is a position, as a cursor brings it. */
export function isRunPosition(value: unknown): value is RunPosition {
  const { lower, generation, upper, id } = (value ?? {}) as Partial<Record<keyof RunPosition, unknown>>;
  return [lower, generation, upper].every(Number.isSafeInteger) && typeof id === "string";
}

/** The order of code units: for the ids of runs and groups, which are ASCII, that of their bytes. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** A run as it is planned: to wait for its lane where it has one; one that is skipped from the start has ended. */
export function newRow(added: NewRun, { group, backfill }: Pick<RunRow, "group" | "backfill">): RunRow {
  const isPlanned = added.state === "PLANNED";
  const { id, groupId, kind, lower, upper, generation, intervals, scheduledTime } = added;
  const { state, reason, scheduleVersion, backfillId, operator, plannedAt } = added;
  const isBeside = kind !== "SCHEDULED";
  const run: MutableRun = {
    id,
    groupId,
    kind,
    lower,
    upper,
    generation,
    intervals,
    scheduledTime,
    state,
    reason,
    scheduleVersion,
    backfillId,
    operator,
    attempt: 0,
    place: isPlanned ? (isBeside ? "ready" : "waiting") : "none",
    readyAt: isPlanned && isBeside ? plannedAt : null,
    leaseUntil: null,
    wait: isPlanned && !isBeside ? Object.freeze({ reason: "lane", since: plannedAt }) : null,
    isBlocking: false,
    isSuperseded: false,
    isCancelRequested: false,
    isJobOpen: false,
    plannedAt,
    submittedAt: null,
    startedAt: null,
    endedAt: isPlanned ? null : plannedAt,
    jobId: null,
    jobAddress: null,
    metrics: null,
    error: null,
    history: NO_HISTORY,
  };
  const queue = kind === "BACKFILL" ? "rest" : "live";
  return { run, group, backfill, token: 0, queue, heapIndex: NOT_QUEUED };
}

/** Writes what a change says into its run. */
export function applyChange(run: MutableRun, change: RunChange): void {
  Object.assign(run, frozenCopy(placementAfter(run, change)));
  run.state = change.state;
  run.isCancelRequested &&= !isEnded(change.state);
  if (change.isJobOpen !== undefined) run.isJobOpen = change.isJobOpen;
  if (change.reason !== undefined) run.reason = change.reason;
  if (change.attempt !== undefined) run.attempt = change.attempt;
  if (change.scheduleVersion !== undefined) run.scheduleVersion = change.scheduleVersion;
  if (change.startedAt !== undefined) run.startedAt = change.startedAt;
  if (change.endedAt !== undefined) run.endedAt = change.endedAt;
  if (change.jobId !== undefined) run.jobId = change.jobId;
  if (change.jobAddress !== undefined) run.jobAddress = change.jobAddress;
  if (change.metrics !== undefined) run.metrics = copyOf(change.metrics);
  if (change.error !== undefined) run.error = frozenCopy(change.error);
  if (change.attemptRecord !== undefined) {
    run.history = Object.freeze([...run.history, frozenCopy(change.attemptRecord)]);
  }
}

/** What callers get of a row: a copy; what is nested in it is a copy or frozen. */
export function snapshot({ run }: RunRow): Run {
  return { ...run, metrics: copyOf(run.metrics) };
}

/** Metrics are copied rather than frozen: most runs have them, and freezing costs more than the rest of the change. */
function copyOf(metrics: JobMetrics | null): JobMetrics | null {
  return metrics === null ? null : { ...metrics };
}
