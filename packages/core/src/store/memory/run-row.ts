import type { EpochMs } from "../../clock/clock.js";
import type { JobMetrics } from "../../job/job-outcome.js";
import { type Pooling, poolingOf } from "../../pool/pooling.js";
import type { ClaimQueue } from "../../run/claim-order.js";
import type { Gating } from "../../run/gating.js";
import { isEnded } from "../../run/lane.js";
import { isHeldBeside, type Place } from "../../run/place.js";
import type { AttemptRecord, NewReportedRun, NewRun, Run, RunInput, RunWait } from "../../run/run.js";
import { gatedSince, placementAfter } from "../placement.js";
import type { RunChange } from "../run-queue.js";
import type { BackfillRow } from "./backfill-table.js";
import { frozenCopy } from "./frozen-copy.js";
import type { Group } from "./group.js";
import { type HeapItem, NOT_QUEUED } from "./indexed-heap.js";

/** A run whose fields are writable. */
export type MutableRun = { -readonly [Field in keyof Run]: Run[Field] };

/**
 * A run as the table stores it. It is in the queue that belongs to its place: its lane's, a claim queue, or
 * that of
 * leases, or that of gates.
 */
export interface RunRow extends HeapItem {
  readonly run: MutableRun;
  readonly group: Group;
  readonly backfill: BackfillRow | undefined;
  /** The newest fencing token; 0 if it was never claimed. */
  token: number;
  /** The claim queue it waits in when it is ready. */
  queue: ClaimQueue;
  gating: Gating;
  /** How it is chosen, unless it is claimed in order. */
  pooling: Pooling | undefined;
  /** When it is due to be asked about while it is gated; 0 if it was woken. */
  lookAt: EpochMs;
  /** See `GatedRun.look`. */
  look: number;
  /** Whether it is noted that the run is stale. */
  isNoted: boolean;
}

const NO_INPUTS: readonly RunInput[] = Object.freeze([]);

const NO_HISTORY: readonly AttemptRecord[] = Object.freeze([]);

/** The position of a run in every listing. */
export type RunPosition = Pick<Run, "lower" | "generation" | "upper" | "id">;

/** Compares by the order of the ledger: lower bound, then generation, then upper bound, then id. */
export function comparePositions(a: RunPosition, b: RunPosition): number {
  return a.lower - b.lower || a.generation - b.generation || a.upper - b.upper || compareText(a.id, b.id);
}

/** Returns whether a value, as read from a cursor, is a position. */
export function isRunPosition(value: unknown): value is RunPosition {
  const { lower, generation, upper, id } = (value ?? {}) as Partial<Record<keyof RunPosition, unknown>>;
  return [lower, generation, upper].every(Number.isSafeInteger) && typeof id === "string";
}

/** Compares by code units, which for the ASCII ids of runs and groups is byte order. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/**
 * Returns the row of a new run: waiting for its lane if it belongs to one; ended if it is skipped from the
 * start.
 */
export function newRow(
  added: NewRun | NewReportedRun,
  { group, backfill }: Pick<RunRow, "group" | "backfill">,
): RunRow {
  const isPlanned = added.state === "PLANNED";
  const { id, groupId, kind, lower, upper, generation, intervals, scheduledTime } = added;
  const { state, reason, scheduleVersion, backfillId, operator, plannedAt } = added;
  const {
    gating = "none",
    isPooled = false,
    report = null,
    offsets = null,
    snapshot = null,
  } = added as NewRun & Partial<NewReportedRun>;
  const place = entryOf(added, gating, group);
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
    place,
    readyAt: place === "ready" ? plannedAt : null,
    leaseUntil: null,
    wait: waitOf(place, plannedAt),
    markedReady: null,
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
    inputs: NO_INPUTS,
    staleAt: null,
    report: frozenCopy(report),
    offsets: frozenCopy(offsets),
    snapshot: frozenCopy(snapshot),
  };
  const queue: ClaimQueue = kind === "BACKFILL" ? "rest" : "live";
  const pooling = isPooled ? poolingOfVersion(group, scheduleVersion) : undefined;
  return {
    run,
    group,
    backfill,
    token: 0,
    queue,
    gating,
    pooling,
    lookAt: plannedAt,
    look: 0,
    isNoted: false,
    heapIndex: NOT_QUEUED,
  };
}

/** Returns how the runs of a version are chosen. */
export function poolingOfVersion({ versions }: Group, version: number): Pooling | undefined {
  const spec = versions[version - 1]?.spec;
  return spec && poolingOf(spec);
}

/** A run of the lane waits for it; one beside it is ready, or gated, unless it is held. */
function entryOf({ state, kind }: NewRun | NewReportedRun, gating: Gating, { laneWidth }: Group): Place {
  if (state !== "PLANNED") return "none";
  if (kind === "SCHEDULED" || isHeldBeside(kind, laneWidth)) return "waiting";
  return gating === "none" ? "ready" : "gated";
}

function waitOf(place: Place, since: EpochMs): RunWait | null {
  if (place === "waiting") return Object.freeze({ reason: "lane", since });
  return place === "gated" ? Object.freeze(gatedSince(since)) : null;
}

/** Writes a change into its run. */
export function applyChange(row: RunRow, change: RunChange): void {
  const { run, gating } = row;
  const isHeld = isHeldBeside(run.kind, row.group.laneWidth);
  Object.assign(run, frozenCopy(placementAfter({ ...run, gating, isHeld }, change)));
  if (run.place === "gated") lookAgain(row, change.at);
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

/** Makes a gated run due; answers to questions that were asked before no longer count. */
export function lookAgain(row: RunRow, lookAt: EpochMs): void {
  row.lookAt = lookAt;
  row.look += 1;
}

/** Returns a copy of a row's run for callers; nested values are copied or frozen. */
export function snapshot({ run }: RunRow): Run {
  return { ...run, metrics: copyOf(run.metrics) };
}

/**
 * Metrics are copied rather than frozen: most runs have them, and freezing costs more than the rest of the
 * change.
 */
function copyOf(metrics: JobMetrics | null): JobMetrics | null {
  return metrics === null ? null : { ...metrics };
}
