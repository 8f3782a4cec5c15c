import type { Run } from "@tidegate/core";
import type {
  ClaimedRun,
  ClaimRequest,
  EndEffect,
  NewRun,
  PlanCommit,
  GroupState,
  RunEnd,
} from "@tidegate/core/store";
import { toArrays } from "./arrays.js";
import type { Database } from "./database.js";
import { END_COLUMNS } from "./migrations/0032-shortcuts/end-function.js";
import { CLAIMED_PLAN_COLUMNS } from "./migrations/0032-shortcuts/plan-and-claim-function.js";

/** The token of the first claim of a run. */
const FIRST_TOKEN = 1;

/** A commit, and the claim for which its run may be claimed at once. */
export interface ClaimingCommit {
  readonly commit: PlanCommit;
  readonly request: ClaimRequest;
}

/**
 * Returns whether a commit moves the watermark over a single run that a manager with these operators may claim at
 * once, as far as the commit shows.
 */
export function isClaimable({ commit, request }: ClaimingCommit): boolean {
  const { runs, supersedes = [], whilePaused = false, offsets } = commit;
  const [run] = runs;
  if (run === undefined || runs.length > 1 || supersedes.length > 0 || whilePaused) return false;
  if (offsets !== undefined || (run.offsets ?? null) !== null || run.isPooled === true) return false;
  const isPlain =
    run.state === "PLANNED" && run.kind === "SCHEDULED" && run.generation === 0 && run.reason === null;
  const isWhole = run.lower === commit.watermark && run.upper === commit.newWatermark;
  const isGated = (run.gating ?? "none") !== "none";
  return isPlain && isWhole && !isGated && request.operators.includes(run.operator);
}

/**
 * Plans commits of different groups, and claims their runs. Returns them, each by the index of its commit: the others
 * were not made.
 */
export async function planAndClaim(
  database: Database,
  s: string,
  commits: readonly ClaimingCommit[],
): Promise<Map<number, ClaimedRun>> {
  const { owner } = commits[0]!.request;
  const now = Math.max(...commits.map(({ request }) => request.now));
  const leaseUntil = Math.max(...commits.map(({ request }) => request.leaseUntil));
  const rows = commits.map(({ commit }) => {
    const { id, intervals, scheduledTime, operator } = commit.runs[0]!;
    return { ...commit, id, intervals, scheduledTime, operator };
  });
  const columns = toArrays(CLAIMED_PLAN_COLUMNS, rows);
  const places = columns.map((_, index) => `$${index + 4}`).join(", ");
  const [row] = await database.query<{ made: number[] }>(
    `SELECT ${s}.plan_and_claim($1, $2, $3, ${places}) AS made`,
    [owner, now, leaseUntil, ...columns],
  );
  return new Map(
    row!.made.map((no) => [no - 1, claimedRun(commits[no - 1]!.commit.runs[0]!, { now, leaseUntil })]),
  );
}

/** Returns a run that was claimed as it was planned. */
function claimedRun(
  { isPooled: _isPooled, gating: _gating, ...run }: NewRun,
  { now, leaseUntil }: Pick<ClaimRequest, "now" | "leaseUntil">,
): ClaimedRun {
  return {
    run: { ...CLAIMED, ...run, state: "SUBMITTING", leaseUntil, submittedAt: now, offsets: null },
    token: FIRST_TOKEN,
    isRecovered: false,
  };
}

const CLAIMED = {
  attempt: 1,
  place: "active",
  readyAt: null,
  wait: null,
  markedReady: null,
  isBlocking: false,
  isSuperseded: false,
  isCancelRequested: false,
  isJobOpen: true,
  startedAt: null,
  endedAt: null,
  jobId: null,
  jobAddress: null,
  metrics: null,
  error: null,
  history: [],
  inputs: [],
  staleAt: null,
  report: null,
} as const satisfies Partial<Run>;

/** Returns whether a run of a lane simply succeeds. */
export function isPlainEnd({ run, change }: RunEnd): boolean {
  const { from, state, token, isJobOpen, reason, attempt, error, attemptRecord, scheduleVersion } = change;
  const isOfLane = run.kind === "SCHEDULED" && run.generation === 0;
  const isFromActive = from.includes("SUBMITTING") && from.includes("RUNNING");
  const isPlain = [reason, attempt, attemptRecord, scheduleVersion].every((value) => value === undefined);
  const isKnown =
    change.startedAt !== undefined &&
    change.endedAt !== undefined &&
    change.jobId !== undefined &&
    change.jobAddress !== undefined;
  return (
    state === "SUCCEEDED" &&
    token !== undefined &&
    isJobOpen === false &&
    error === null &&
    change.metrics !== undefined &&
    isOfLane &&
    isFromActive &&
    isPlain &&
    isKnown
  );
}

/**
 * Ends different runs that simply succeed.
 *
 * @throws StoreError caused by `NOT_AS_EXPECTED` if one of them is not as expected: then none was ended
 */
export async function endRuns(database: Database, s: string, ends: readonly RunEnd[]): Promise<EndEffect[]> {
  const rows = ends.map(({ run: { id, groupId }, change }) => {
    const { token, at, startedAt, endedAt, jobId, jobAddress, metrics } = change;
    return { id, groupId, token, at, startedAt, endedAt, jobId, jobAddress, ...metrics };
  });
  const columns = toArrays(END_COLUMNS, rows);
  const places = columns.map((_, index) => `$${index + 1}`).join(", ");
  const effects = await database.query<GroupState & { groupId: string; mayAdmit: boolean }>(
    `SELECT * FROM ${s}.end_runs(${places})`,
    columns,
  );
  const found = new Map(effects.map(({ groupId, mayAdmit, ...group }) => [groupId, { mayAdmit, group }]));
  return ends.map(({ run }) => found.get(run.groupId)!);
}
