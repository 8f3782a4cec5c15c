import type { Run } from "@tidegate/core";
import type { ClaimedRun, ClaimRequest, NewRun, PlanCommit } from "@tidegate/core/store";

/** The token of the first claim of a run. */
const FIRST_TOKEN = 1;

/** The fields of a run that its first claim takes over from its plan. */
export type PlannedFields = Pick<
  Run,
  | "id"
  | "groupId"
  | "kind"
  | "lower"
  | "upper"
  | "generation"
  | "intervals"
  | "scheduledTime"
  | "reason"
  | "scheduleVersion"
  | "backfillId"
  | "operator"
  | "plannedAt"
> &
  Partial<Pick<Run, "offsets" | "snapshot">>;

const NOTHING: readonly never[] = Object.freeze([]);

/**
 * Returns a run that was claimed for the first time. It is written out field by field, in the order of `asRun`: a
 * spread of what is the same in every run takes several times as long, and each run comes through here.
 */
export function claimedFirst(
  run: PlannedFields,
  { now, leaseUntil }: Pick<ClaimRequest, "now" | "leaseUntil">,
): Run {
  return {
    id: run.id,
    groupId: run.groupId,
    kind: run.kind,
    lower: run.lower,
    upper: run.upper,
    generation: run.generation,
    intervals: run.intervals,
    scheduledTime: run.scheduledTime,
    state: "SUBMITTING",
    reason: run.reason,
    scheduleVersion: run.scheduleVersion,
    backfillId: run.backfillId,
    operator: run.operator,
    attempt: 1,
    place: "active",
    readyAt: null,
    leaseUntil,
    wait: null,
    markedReady: null,
    isBlocking: false,
    isSuperseded: false,
    isCancelRequested: false,
    isJobOpen: true,
    plannedAt: run.plannedAt,
    submittedAt: now,
    startedAt: null,
    endedAt: null,
    jobId: null,
    jobAddress: null,
    metrics: null,
    error: null,
    history: NOTHING,
    inputs: NOTHING,
    staleAt: null,
    report: null,
    offsets: run.offsets ?? null,
    snapshot: run.snapshot ?? null,
  };
}

/** Returns whether a commit moves the watermark over a single run that needs no gates, pools or positions. */
export function isPlainPlan(commit: PlanCommit): boolean {
  const [run] = commit.runs;
  return (commit.offsets ?? null) === null && (run?.offsets ?? null) === null && isOfOneRun(commit);
}

/** Returns whether a commit moves the watermark over a single run that needs no gates or pools. */
function isOfOneRun(commit: PlanCommit): boolean {
  const { runs, supersedes, whilePaused = false, unlessOpen, plannedAt, seal } = commit;
  const run = runs[0];
  if (unlessOpen !== undefined || seal !== undefined) return false;
  if (run === undefined || runs.length > 1 || (supersedes?.length ?? 0) > 0 || whilePaused) return false;
  if (run.snapshot !== undefined || run.isPooled === true) return false;
  const isWhole = run.lower === commit.watermark && run.upper === commit.newWatermark;
  const isOfLane = run.kind === "SCHEDULED" && run.generation === 0 && run.plannedAt === plannedAt;
  return run.state === "PLANNED" && isWhole && isOfLane && (run.gating ?? "none") === "none";
}

/**
 * Returns whether the run of a commit may be claimed as it is planned.
 *
 * @param withPositions - whether the store does so with runs that have positions
 */
export function mayClaimAsPlanned(
  commit: PlanCommit,
  { operators }: Pick<ClaimRequest, "operators">,
  withPositions = false,
): boolean {
  const isPlain = withPositions ? isOfOneRun(commit) : isPlainPlan(commit);
  return isPlain && operators.includes(commit.runs[0]!.operator);
}

/** Returns a run that was claimed as it was planned. */
export function claimedAsPlanned(run: NewRun, request: Pick<ClaimRequest, "now" | "leaseUntil">): ClaimedRun {
  return { run: claimedFirst(run, request), token: FIRST_TOKEN, isRecovered: false };
}
