import type { Interval, Run, RunState } from "@tidegate/core";
import type { Reader } from "../api/api.js";
import { everyItem } from "../input/pages.js";
import { intervalText, timeText } from "../output/time-text.js";
import { counted, type Effect, refused } from "./effect.js";
import { refuseEnded } from "./ended.js";
import { isSealed } from "./sealed.js";

const PAGE = 1_000;

/** Most runs that one call of `trigger` plans. */
const MAX_TRIGGERED = 1_000;

interface TriggerChoice {
  readonly range: Interval | undefined;
  readonly drain: boolean;
  readonly force: boolean;
}

/** Returns the effect of a trigger by hand. */
export async function triggerEffect(
  api: Reader,
  groupId: string,
  { range, drain, force }: TriggerChoice,
): Promise<Effect> {
  await refuseEnded(api, groupId);
  if (drain) return drainEffect(api, groupId);
  return range === undefined ? triggerNow(api, groupId, force) : triggerRange(api, groupId, range, force);
}

async function drainEffect(api: Reader, groupId: string): Promise<Effect> {
  const { spec } = await api.get(groupId);
  if (spec.boundaryType !== "OFFSET") {
    throw refused(
      "INTERVAL_INVALID",
      `${groupId} is not read by positions (boundaryType "OFFSET"), and could not be drained.`,
    );
  }
  const { firstRead, notes } = await api.preview(groupId, 1, { firstRead: true });
  const after = firstRead === undefined ? {} : { offsets: firstRead };
  return planned(groupId, `${groupId} would read everything that its source has now.`, after, [], notes);
}

async function triggerNow(api: Reader, groupId: string, force: boolean): Promise<Effect> {
  const { spec } = await api.get(groupId);
  const { owed } = await api.audit(groupId);
  if (owed !== null) {
    const notes = [
      `catchup: ${spec.catchup} says how it would run; policies may have it wait for runs under way.`,
    ];
    return planned(groupId, `${groupId} would run what is owed.`, {}, [owed], notes);
  }
  const last = await lastRun(api, groupId);
  if (last === undefined) throw refused("INTERVAL_OPEN", `${groupId} has no interval that is over yet.`);
  return triggerRange(api, groupId, last, force);
}

/** Reads what a backfill of everything would run, which takes whole intervals; a trigger refuses parts of them. */
async function triggerRange(api: Reader, groupId: string, range: Interval, force: boolean): Promise<Effect> {
  const { schedule, sealedThrough } = await api.describe(groupId);
  const { origin, watermark } = schedule;
  if (range.upper > watermark) {
    const problem = `ends after ${timeText(watermark)}, up to where intervals have been planned`;
    throw refused("INTERVAL_OPEN", `${groupId}: the range ${problem}.`);
  }
  const request = { groupId, from: range.lower, to: range.upper, select: "all", isDryRun: true } as const;
  const { runs, ranges, first, notes } = await api.backfill(request);
  const outside = ranges.find(({ lower, upper }) => lower < range.lower || upper > range.upper);
  if (outside !== undefined) {
    throw refused(
      "INTERVAL_NOT_ALIGNED",
      `${groupId}: the range cuts an interval of the ledger in two, and would be refused; see ${intervalText(outside)}.`,
    );
  }
  if (runs > MAX_TRIGGERED) {
    throw refused(
      "INTERVAL_INVALID",
      `${groupId}: ${counted(runs, "run")} are more than ${MAX_TRIGGERED}; use a backfill.`,
    );
  }
  const sealed = first.find((interval) => isSealed(interval, origin, sealedThrough));
  if (sealed !== undefined && !force) {
    throw refused(
      "SEALED",
      `${groupId}: ${intervalText(sealed)} is sealed, and would run with --force only.`,
    );
  }
  const summary = `${counted(runs, "run")} of ${groupId} would be planned.`;
  return planned(groupId, summary, { runs }, first, notes);
}

function planned(
  groupId: string,
  summary: string,
  after: object,
  intervals: readonly Interval[],
  notes: readonly string[],
): Effect {
  return {
    action: "trigger",
    groupId,
    summary,
    before: null,
    after: { state: "PLANNED", ...after },
    intervals,
    notes,
  };
}

async function lastRun(api: Reader, groupId: string): Promise<Run | undefined> {
  const { items } = await api.runs({ groupId, order: "descending" }, { limit: PAGE });
  return items.find(({ isSuperseded }) => !isSuperseded);
}

/** Returns the effect of opening the gates of a run. */
export async function markReadyEffect(api: Reader, runId: string, note = ""): Promise<Effect> {
  const run = await api.getRun(runId);
  const { state, place, wait, markedReady } = run;
  if (place !== "gated")
    throw refused("RUN_STATE_ILLEGAL", `Run ${runId} is ${state}, and no gate holds it.`);
  return {
    action: "mark-ready",
    ...namesOf(run),
    summary: `The gates of run ${runId} would open.`,
    before: { state, place, markedReady },
    after: { state, place: "ready", markedReady: { note } },
    intervals: [intervalOf(run)],
    notes: wait === null ? [] : [`It waits: ${wait.reason}`],
  };
}

/** Returns the effect of a cancellation. */
export async function cancelEffect(api: Reader, runId: string): Promise<Effect> {
  const run = await api.getRun(runId);
  const { state, isCancelRequested } = run;
  const isActive = state === "SUBMITTING" || state === "RUNNING";
  if (!isActive && state !== "PLANNED" && state !== "FAILED") {
    throw refused(
      "RUN_STATE_ILLEGAL",
      `Run ${runId} is ${state}; it could be cancelled if it had not ended, or had failed.`,
    );
  }
  const after: RunState = "CANCELLED";
  return {
    action: isCancelRequested ? "none" : "cancel",
    ...namesOf(run),
    summary: isCancelRequested
      ? `Run ${runId} is ${state}, and is being cancelled.`
      : `Run ${runId} would be ${after}; it is ${state}.`,
    before: { state },
    after: { state: after },
    intervals: [intervalOf(run)],
    notes: [
      ...(isActive ? ["It would end when its job has stopped."] : []),
      ...(run.isBlocking ? ["What it blocks would go on."] : []),
    ],
  };
}

/** Returns the effect of ending a backfill. */
export async function cancelBackfillEffect(api: Reader, backfillId: string): Promise<Effect> {
  const backfill = await api.getBackfill(backfillId);
  if (backfill === undefined) throw refused("RUN_NOT_FOUND", `There is no backfill ${backfillId}.`);
  const { groupId, state, cursor, upper, plannedRuns } = backfill;
  const isEnded = state !== "RUNNING";
  return {
    action: isEnded ? "none" : "cancel",
    groupId,
    backfillId,
    summary: isEnded
      ? `Backfill ${backfillId} is ${state}.`
      : `Backfill ${backfillId} would be CANCELLED after ${counted(plannedRuns, "run")}.`,
    before: { state },
    after: { state: isEnded ? state : "CANCELLED" },
    intervals: isEnded || cursor >= upper ? [] : [{ lower: cursor, upper }],
    notes: isEnded ? [] : ["This time would not be planned; active runs would finish."],
  };
}

interface RetryChoice {
  readonly latest?: boolean;
  readonly resplit?: boolean;
}

/** Returns the effect of a retry. */
export async function retryEffect(api: Reader, runId: string, choice: RetryChoice): Promise<Effect> {
  const run = await api.getRun(runId);
  const { SCHEDULE_STATUSES } = await import("@tidegate/core");
  const { schedule, sealedThrough } = await api.describe(run.groupId);
  const { state, groupId, isSuperseded } = run;
  if ((state !== "FAILED" && state !== "CANCELLED") || isSuperseded) {
    throw refused(
      "RUN_STATE_ILLEGAL",
      `Run ${runId} is ${state}${isSuperseded ? ", and another run stands for its time" : ""}; it could be retried if it had failed or was cancelled.`,
    );
  }
  if (!SCHEDULE_STATUSES[schedule.status].isRegistered) {
    throw refused(
      "SCHEDULE_STATUS_ILLEGAL",
      `${groupId} is ${schedule.status}; its runs could be retried if it was registered again.`,
    );
  }
  if (isSealed(run, schedule.origin, sealedThrough))
    throw refused("SEALED", `Run ${runId}: its time is sealed.`);
  return retried(run, schedule.version, choice);
}

/** Returns the effects of a retry of all failed runs of a group that nothing else stands for. */
export async function retryGroupEffects(
  api: Reader,
  groupId: string,
  choice: RetryChoice,
): Promise<Effect[]> {
  const { schedule, sealedThrough } = await api.describe(groupId);
  const effects: Effect[] = [];
  const failed = { groupId, states: ["FAILED"] } as const;
  for await (const run of everyItem((page) => api.runs(failed, page))) {
    const isOfReading = run.offsets === null || run.offsets.epoch === schedule.offsets?.epoch;
    if (run.isSuperseded || !isOfReading || isSealed(run, schedule.origin, sealedThrough)) continue;
    effects.push(retried(run, schedule.version, choice));
  }
  return effects;
}

function retried(run: Run, newest: number, { latest = false, resplit = false }: RetryChoice): Effect {
  const { state, attempt, scheduleVersion } = run;
  return {
    action: "retry",
    ...namesOf(run),
    summary: `Run ${run.id} would be PLANNED; it is ${state}.`,
    before: { state, attempt, scheduleVersion },
    after: { state: "PLANNED", attempt: 0, scheduleVersion: latest ? newest : scheduleVersion },
    intervals: [intervalOf(run)],
    notes: resplit ? ["All of its shards would be done again."] : [],
  };
}

function namesOf({ id, groupId }: Run): { readonly groupId: string; readonly runId: string } {
  return { groupId, runId: id };
}

function intervalOf({ lower, upper }: Run): Interval {
  return { lower, upper };
}
