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
import { frozenCopy } from "./frozen-copy.js";
import { NOT_QUEUED } from "./indexed-heap.js";
import type { Group, MutableRun, RunRow } from "./rows.js";

const NO_INPUTS: readonly RunInput[] = Object.freeze([]);

const NO_HISTORY: readonly AttemptRecord[] = Object.freeze([]);

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
  if (change.snapshot !== undefined) run.snapshot = frozenCopy(change.snapshot);
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
