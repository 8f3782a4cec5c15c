import type { EpochMs } from "@tidegate/core";
import type {
  ClaimedRun,
  ClaimRequest,
  EndEffect,
  GroupState,
  PlanCommit,
  RunEnd,
} from "@tidegate/core/store";
import { claimedAsPlanned, isPlainPlan } from "@tidegate/store-kit";
import { toArrays } from "./arrays.js";
import type { Database } from "./database.js";
import { END_COLUMNS } from "./migrations/0032-shortcuts/end-function.js";
import { PLAIN_STEP_COLUMNS } from "./migrations/0032-shortcuts/plan-function.js";

/** A commit, and the claim for which its run is claimed at once, if any. */
export interface PlainStep {
  readonly commit: PlanCommit;
  readonly request?: ClaimRequest | undefined;
}

/** Returns which steps one statement makes: the first of each group, if it is plain, and claims of one owner. */
export function plainOf(steps: readonly PlainStep[]): number[] {
  const groups = new Set<string>();
  let owner: string | undefined;
  const plain: number[] = [];
  for (const [no, { commit, request }] of steps.entries()) {
    const isFirst = !groups.has(commit.groupId);
    groups.add(commit.groupId);
    if (!isFirst || !isPlainPlan(commit)) continue;
    owner ??= request?.owner;
    if (request !== undefined && request.owner !== owner) continue;
    plain.push(no);
  }
  return plain;
}

/** Returns the claim that stands for those of all steps: `owner` is `null` if there is none. */
export function claimOf(steps: readonly PlainStep[]): {
  readonly owner: string | null;
  readonly now: EpochMs;
  readonly leaseUntil: EpochMs;
} {
  const requests = steps.flatMap(({ request }) => (request === undefined ? [] : [request]));
  return {
    owner: requests[0]?.owner ?? null,
    now: Math.max(0, ...requests.map((request) => request.now)),
    leaseUntil: Math.max(0, ...requests.map((request) => request.leaseUntil)),
  };
}

/** The outcome of plain steps, by their indexes. */
export interface PlannedPlain {
  /** Those that were made; each with its run if that was claimed. */
  readonly made: ReadonlyMap<number, ClaimedRun | undefined>;
  /** Those that were not made although their groups are as expected: they may be planned the general way. */
  readonly gated: readonly number[];
}

/**
 * Makes plain steps of different groups.
 *
 * @param steps - all claims are of one owner
 */
export async function planPlain(
  database: Database,
  s: string,
  steps: readonly PlainStep[],
): Promise<PlannedPlain> {
  if (steps.length === 0) return { made: new Map(), gated: [] };
  const { owner, now, leaseUntil } = claimOf(steps);
  const rows = steps.map(({ commit, request }) => {
    const { id, intervals, scheduledTime, reason, operator } = commit.runs[0]!;
    return { ...commit, id, intervals, scheduledTime, reason, operator, isClaimed: request !== undefined };
  });
  const columns = toArrays(PLAIN_STEP_COLUMNS, rows);
  const places = columns.map((_, index) => `$${index + 4}`).join(", ");
  const [row] = await database.query<{ [part in "made" | "claimed" | "gated"]: number[] | null }>(
    `SELECT made, claimed, gated FROM ${s}.plan_plain($1, $2, $3, ${places})`,
    [owner, now, leaseUntil, ...columns],
  );
  const made = new Map<number, ClaimedRun | undefined>();
  for (const no of row?.made ?? []) made.set(no - 1, undefined);
  for (const no of row?.claimed ?? [])
    made.set(no - 1, claimedAsPlanned(steps[no - 1]!.commit.runs[0]!, { now, leaseUntil }));
  return { made, gated: (row?.gated ?? []).map((no) => no - 1) };
}

/** Returns whether a run of a lane simply succeeds. */
export function isPlainEnd({ run, change }: RunEnd): boolean {
  const { from, state, token, isJobOpen, reason, attempt, error, attemptRecord, scheduleVersion } = change;
  const { snapshot, dropsSplit } = change;
  const isOfLane = run.kind === "SCHEDULED" && run.generation === 0;
  const isFromActive = from.includes("SUBMITTING") && from.includes("RUNNING");
  const others = [reason, attempt, attemptRecord, scheduleVersion, snapshot, dropsSplit];
  const isPlain = others.every((value) => value === undefined);
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
  return ends.map(({ run }) => found.get(run.groupId) ?? { mayAdmit: true, group: undefined });
}
