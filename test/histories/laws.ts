import type { Run, RunReason } from "@tidegate/core";
import { type JobRecord, judgeRecording, type Verdict } from "@tidegate/testkit/recorder";
import { CANNOT_STOP, type ClusterJob } from "./cluster.js";
import { demand, GROUP, type Intents, iso, isRepeated, type Snapshot } from "./evidence.js";
import type { Policies } from "./history.js";
import type { Stage } from "./stage.js";
import { holdOfTarget } from "./target.js";
import { isUpper, nextCut } from "./triggers.js";

// What the documentation promises, each law by itself, in terms of what can be seen from outside.

const OPEN = ["PLANNED", "SUBMITTING", "RUNNING"];

const shown = ({ kind, state, reason, lower, upper, generation, attempt }: Run): string =>
  `${kind} ${state}${reason === null ? "" : ` (${reason})`} [${iso(lower)}, ${iso(upper)}) generation ${generation} attempt ${attempt}`;

const isOpen = ({ state }: Run): boolean => OPEN.includes(state);

/** Holds at every moment. */
export function holdAlways(now: Snapshot, before: Snapshot | undefined, { policies, intents }: Stage): void {
  const { schedule, runs, audit } = now;
  // Before anything is planned, an update may move the beginning of the ledger.
  const reached = before === undefined || before.runs.length === 0 ? undefined : before.schedule.watermark;
  demand(
    reached === undefined || schedule.watermark >= reached,
    "watermark-forward",
    () => `from ${iso(reached!)} to ${iso(schedule.watermark)}`,
  );
  demand(audit.gaps.length === 0, "ledger-without-gaps", () => JSON.stringify(audit.gaps));
  const live = runs.filter(({ kind }) => kind === "SCHEDULED");
  const open = live.filter(isOpen).length;
  const counted = schedule.admittedRuns + schedule.waitingRuns + schedule.gatedRuns;
  demand(counted === open, "lane-counts", () => `${counted} by the schedule, ${open} open runs`);
  const active = live.filter(({ state }) => state === "SUBMITTING" || state === "RUNNING").length;
  const width = Math.max(...[policies, ...intents.settings].map(widthOf));
  demand(active <= width, "lane-width", () => `${active} active runs in a lane of ${width}`);
  for (const run of runs) holdOfRun(run, now, intents);
}

function widthOf({ overlap, maxActiveRuns }: Policies): number {
  return overlap === "allow" ? maxActiveRuns : 1;
}

function holdOfRun(run: Run, { runs }: Snapshot, intents: Intents): void {
  const ever = (test: (settings: Policies) => boolean): boolean => intents.settings.some(test);
  const allowed: Partial<Record<RunReason, () => boolean>> = {
    "catchup-dropped": () => ever(({ catchup }) => catchup === "drop") && isFollowed(run, runs),
    "catchup-window": () => ever(({ window }) => window > 0),
    "overlap-dropped": () => ever(({ overlap }) => overlap === "drop") && wasBusy(run, runs),
    "not-scheduled": () => intents.hasUnregistered,
    "overlap-cancelled": () => ever(({ overlap }) => overlap === "cancel-running"),
    cancelled: () => intents.cancelledRuns.has(run.id),
    unregistered: () => intents.hasUnregistered,
    "snapshot-covered": () => ever(({ mode }) => mode === "full-then-incremental"),
  };
  if (run.state !== "SKIPPED" && run.state !== "CANCELLED") return;
  const isAllowed = run.reason === null ? undefined : allowed[run.reason];
  demand(isAllowed?.() === true, "given-up-for-a-reason", () => shown(run));
}

/** The newest of what is owed is never dropped: a run begins where the dropped part ends. */
function isFollowed({ upper }: Run, runs: readonly Run[]): boolean {
  return runs.some(({ lower, state }) => lower === upper && state !== "SKIPPED");
}

/** Whether another run of the lane was open when this one was planned: perhaps the empty one that closes a schedule. */
function wasBusy(skipped: Run, runs: readonly Run[]): boolean {
  return runs.some(
    ({ kind, state, lower, upper, plannedAt, endedAt }) =>
      kind === "SCHEDULED" &&
      state !== "SKIPPED" &&
      (lower < skipped.lower || upper <= skipped.lower) &&
      plannedAt <= skipped.plannedAt &&
      (endedAt === null || endedAt >= skipped.plannedAt),
  );
}

/** Troubles that the scripts of the jobs make. */
const OPERATORS_TROUBLE = new RegExp(`${CANNOT_STOP}|has not answered`);

/** Holds of what the client tells a person at rest. */
export async function holdOfWords(
  { runs }: Snapshot,
  { tidegate: { client }, troubles }: Stage,
): Promise<void> {
  const { counts } = await client.describe(GROUP);
  for (const [state, count] of Object.entries(counts.byState)) {
    const rows = runs.filter((run) => run.state === state).length;
    demand(rows === count, "counts", () => `${count} ${state} by describe, ${rows} rows`);
  }
  for (const run of runs.filter(({ state }) => state === "PLANNED")) {
    const { reasons } = await client.explain(run.id);
    demand(reasons.length > 0, "explained", () => shown(run));
    const isIdle = reasons.some((reason) => reason.includes("ready and waits for a manager"));
    demand(!isIdle, "explained", () => `${shown(run)}: ${reasons.join(" ")}`);
  }
  const own = troubles.filter(({ error }) => !OPERATORS_TROUBLE.test(error.message));
  demand(own.length === 0, "no-trouble", () => JSON.stringify(own[0]));
}

/** Holds of each job that begins. */
export function holdOfJob(job: ClusterJob, { cluster, isPaused, activeAtPause }: Stage): void {
  const { request, key } = job;
  const { kind } = request;
  const mayBegin = !isPaused || kind === "MANUAL" || activeAtPause.has(request.runId);
  demand(mayBegin, "paused", () => `a ${kind} job began`);
  demand(
    !cluster.jobs.some((other) => other.key === key && other.outcome === undefined),
    "one-job-per-key",
    () => `two jobs of key ${key}`,
  );
}

/** Holds of everything that was submitted. */
export function holdOfSubmissions(
  records: readonly JobRecord[],
  { intents: { settings } }: Stage,
  tenthMs: number,
): void {
  const earliest = Math.min(...settings.map(({ notBefore }) => notBefore)) * tenthMs;
  for (const { event, at, kind, upperBound } of records) {
    const from = Number(upperBound) + earliest;
    demand(
      event !== "submit" || earliest === 0 || at >= from,
      "not-before",
      () => `${kind} before ${iso(from)}`,
    );
  }
  const atStart = settings.some(({ fireAt }) => fireAt === "interval-start");
  const delay = Math.min(...settings.map((policies) => policies.delay)) * tenthMs;
  for (const { event, at, kind, mode, lowerBound, upperBound } of records) {
    if (event !== "submit" || (atStart && mode === "full")) continue;
    const due = Number(atStart ? lowerBound : upperBound) + (kind === "SCHEDULED" ? delay : 0);
    demand(at >= due, "not-before-it-is-over", () => `${kind} up to ${iso(due)} at ${iso(at)}`);
  }
}

/** With a lane of one, intervals are begun in order. A run that a person or an end of the schedule took out comes later. */
export function holdOfOrder(records: readonly JobRecord[], { intents }: Stage): void {
  const { settings, cancelledRuns, hasUnregistered } = intents;
  const isNarrow = settings.every(
    ({ canOvertake, overlap }) => !canOvertake && overlap !== "allow" && overlap !== "cancel-running",
  );
  if (!isNarrow || cancelledRuns.size > 0 || hasUnregistered) return;
  const begun = new Set<string>();
  let reached = Number.NEGATIVE_INFINITY;
  for (const { event, kind, key, upperBound } of records) {
    if (event !== "submit" || kind !== "SCHEDULED" || begun.has(key)) continue;
    begun.add(key);
    const upper = Number(upperBound);
    demand(upper >= reached, "in-order", () => `up to ${iso(upper)} after ${iso(reached)}`);
    reached = upper;
  }
}

/** Whether a run waits for a time to come, or for an earlier one that has not succeeded. */
function isHeldAtGates(run: Run, runs: readonly Run[], now: number, stage: Stage): boolean {
  const { areGatesLifted, intents, unitMs } = stage;
  if (run.state !== "PLANNED" || areGatesLifted) return false;
  const latest = Math.max(...intents.settings.map(({ notBefore }) => notBefore)) * (unitMs / 10);
  if (run.upper + latest > now) return true;
  const isUnsettled = ({ state, isSuperseded, lower }: Run): boolean =>
    !isSuperseded && lower < run.lower && state !== "SUCCEEDED";
  return intents.settings.some(({ dependsOnPast }) => dependsOnPast !== false) && runs.some(isUnsettled);
}

/** Holds when everything that was under way has ended, and time has passed. */
export function holdAtRest({ now, schedule, runs }: Snapshot, stage: Stage): void {
  const { policies, grids, isPaused } = stage;
  const isIdle = schedule.status === "PAUSED" || schedule.status === "DELETED";
  demand(!isPaused || isIdle, "stays-paused", () => schedule.status);
  const blocking = runs.filter(({ isBlocking, isSuperseded }) => isBlocking && !isSuperseded);
  const isHeld = (run: Run): boolean => isHeldAtGates(run, runs, now, stage);
  for (const run of runs.filter(isOpen)) {
    const mayWait = run.state === "PLANNED" && run.kind !== "MANUAL" && schedule.status === "PAUSED";
    const isBlocked = run.state === "PLANNED" && run.kind === "SCHEDULED" && blocking.length > 0;
    const isBehind =
      run.state === "PLANNED" && runs.some((other) => other.lower <= run.lower && isHeld(other));
    demand(
      mayWait || isBlocked || isBehind,
      "nothing-waits-that-could-run",
      () => `${shown(run)}, ${schedule.status}`,
    );
  }
  const live = runs.filter(({ kind }) => kind === "SCHEDULED");
  // Before its only time, a schedule that runs once has no grid.
  const isSingle = [...grids.values()].some(({ trigger }) => trigger === "once");
  const bounds = new Set([schedule.origin, ...live.flatMap(({ lower, upper }) => [lower, upper])]);
  for (const run of runs) {
    const cuts = [...grids.values()].some((grid) => isUpper(grid, run.upper));
    const isBound = run.kind !== "SCHEDULED" && (isSingle || bounds.has(run.upper));
    const isSkip = run.reason === "not-scheduled";
    const isAsked = run.snapshot?.cause === "requested";
    demand(cuts || isBound || isSkip || isAsked, "on-the-grid", () => shown(run));
  }
  const holdsIncrements = ({ snapshot, state, isSuperseded }: Run): boolean =>
    snapshot !== null && state === "FAILED" && !isSuperseded;
  if (isIdle || blocking.length > 0 || runs.some(isHeld) || runs.some(holdsIncrements)) return;
  const grid = grids.get(schedule.version);
  if (grid === undefined) return;
  const lower = Math.max(schedule.watermark, grid.startTime);
  const upper = nextCut(grid, lower);
  const due = policies.fireAt === "interval-start" ? lower : upper;
  demand(
    upper === undefined || due === undefined || due + schedule.spec.delayMs > now,
    "everything-due-is-planned",
    () =>
      `[${iso(lower)}, ${iso(upper!)}) is not planned at ${iso(now)}; ${schedule.status}, ${schedule.statusReason}`,
  );
}

/** Holds of the whole ledger once nothing is open: the recorder and the audit agree, and all is covered exactly once. */
export function holdOfLedger({ schedule, runs, audit }: Snapshot, stage: Stage): void {
  const { origin, watermark } = schedule;
  const range = { lower: origin, upper: watermark };
  const { intents, cluster } = stage;
  const givenUp = runs.filter(
    ({ state, reason, isSuperseded }) =>
      (state === "SKIPPED" || (state === "CANCELLED" && reason !== "overlap-cancelled")) && !isSuperseded,
  );
  const verdict = judgeRecording(stage.ledgerRecords, {
    groupId: schedule.spec.groupId,
    range,
    givenUp,
    repeated: runs.filter((run) => isRepeated(run, intents)),
  });
  const isUncertain = (pair: Verdict["doubtful"][number]): boolean =>
    pair.jobs.some(({ jobId }) => cluster.jobs.some((job) => job.jobId === jobId && job.isStray));
  const known = verdict.doubtful.filter((pair) => !isUncertain(pair));
  demand(verdict.doubled.length === 0, "exactly-once", () => `doubled: ${parts(verdict.doubled)}`);
  demand(verdict.gaps.length === 0, "no-loss", () => `never covered: ${parts(verdict.gaps)}`);
  const isFull = stage.makesFullCopies;
  demand(known.length === 0 || isFull, "one-job-at-a-time", () => `doubtful: ${parts(verdict.doubtful)}`);
  const agrees = verdict.doubtful.length === 0 || isFull || !audit.isSound;
  demand(agrees, "audit-says-doubtful", () => `doubtful: ${parts(verdict.doubtful)}`);
  // A job that reads everything covers again what was given up before.
  if (isFull || stage.makesCopies) {
    holdOfTarget(range, runs, givenUp, stage, isFull);
    return;
  }
  const measured = ms(verdict.once) + ms(verdict.doubled);
  demand(
    audit.succeeded.ms === measured,
    "audit-agrees",
    () => `${audit.succeeded.ms} ms succeeded by the audit, ${measured} by the recorder`,
  );
  demand(audit.overlaps.length === 0, "audit-agrees", () => `overlaps: ${parts(audit.overlaps)}`);
}

/** Holds after a backfill of all that is incomplete: nothing is missing any more, whatever was given up before. */
export function holdOfWhole(
  { schedule, audit }: Snapshot,
  range: { lower: number; upper: number },
  stage: Stage,
): void {
  const verdict = judgeRecording(stage.ledgerRecords, { groupId: schedule.spec.groupId, range });
  demand(verdict.gaps.length === 0, "backfill-completes", () => `never covered: ${parts(verdict.gaps)}`);
  const rest = audit.failed.ms + audit.cancelled.ms + audit.skipped.ms + audit.active.ms;
  const isWhole = schedule.watermark > range.upper || rest === 0;
  demand(isWhole, "backfill-completes", () => JSON.stringify(audit));
}

/** Holds of a backfill of everything in a part of the ledger: it makes the runs that it announced, and they succeed. */
export function holdOfBackfill(
  before: Snapshot,
  { runs }: Snapshot,
  part: { lower: number; upper: number },
  { id, runs: announced }: { readonly id: string; readonly runs: number },
  { cluster }: Stage,
): void {
  const made = runs.filter(({ backfillId }) => backfillId === id);
  demand(
    made.length === announced,
    "backfill-keeps-its-plan",
    () => `${announced} announced, ${made.length} made`,
  );
  for (const run of made) {
    const isDone = cluster.jobs.some(({ key, outcome }) => key === run.id && outcome?.state === "SUCCEEDED");
    demand(isDone || run.reason === "snapshot-covered", "backfill-keeps-its-plan", () => shown(run));
  }
  const copies = before.runs.filter(({ snapshot, state }) => snapshot !== null && state === "SUCCEEDED");
  const copied = Math.max(...copies.map(({ upper }) => upper), part.lower);
  const inside = before.runs.filter(
    ({ state, lower, upper }) =>
      state === "SUCCEEDED" && lower >= copied && upper <= part.upper && lower < upper,
  );
  for (const run of inside) {
    const isCovered = made.some(({ lower, upper }) => lower <= run.lower && upper >= run.upper);
    demand(isCovered, "backfill-keeps-its-plan", () => `leaves out ${shown(run)}`);
  }
}

function ms(spans: readonly { lower: number; upper: number }[]): number {
  return spans.reduce((sum, { lower, upper }) => sum + upper - lower, 0);
}

function parts(spans: readonly { lower: number; upper: number }[]): string {
  return spans.map(({ lower, upper }) => `[${iso(lower)}, ${iso(upper)})`).join(" ");
}
