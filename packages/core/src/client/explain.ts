import type { Clock } from "../clock/clock.js";
import type { Run } from "../run/run.js";
import type { Schedule } from "../schedule/schedule.js";
import type { ScheduleStore } from "../store/schedule-store.js";

/** Why a run waits, or why it does not. */
export interface Explanation {
  readonly run: Run;
  readonly isWaiting: boolean;
  /** In plain sentences, the most telling first. */
  readonly reasons: readonly string[];
}

/** Explains where a run stands from what the store knows now. */
export async function explainRun(
  store: ScheduleStore,
  clock: Clock,
  run: Run,
  schedule: Schedule | undefined,
): Promise<Explanation> {
  if (run.state !== "PLANNED") return { run, isWaiting: false, reasons: [notWaiting(run)] };
  const reasons: string[] = [];
  if (schedule?.status === "PAUSED")
    reasons.push(`The schedule is paused: ${schedule.statusReason || "no note"}.`);
  if (run.wakeAt === null && schedule !== undefined)
    reasons.push(...(await laneReasons(store, run, schedule)));
  if (run.wakeAt !== null && run.wakeAt > clock.now()) {
    const last = run.history.at(-1);
    const cause = last === undefined ? "" : ` Attempt ${last.attempt} failed: ${last.error.message}`;
    reasons.push(`It waits for its next attempt until ${iso(run.wakeAt)}.${cause}`);
  }
  if (reasons.length === 0) reasons.push("It is ready and waits for a manager with a free place.");
  return { run, isWaiting: true, reasons };
}

async function laneReasons(store: ScheduleStore, run: Run, schedule: Schedule): Promise<string[]> {
  const { groupId } = run;
  const ahead = await store.listRuns(
    {
      groupId,
      kinds: ["SCHEDULED"],
      states: ["FAILED", "PLANNED", "SUBMITTING", "RUNNING"],
      includeSuperseded: false,
    },
    { limit: 100 },
  );
  const blocking = ahead.items.filter(({ isBlocking }) => isBlocking);
  if (blocking.length > 0) {
    return blocking.map(
      ({ id, lower, upper, error }) =>
        `Run ${id} for ${range(lower, upper)} has failed and onFailure is "${schedule.spec.onFailure}"; retry or cancel it. Its error: ${error?.message ?? "unknown"}`,
    );
  }
  const active = ahead.items.filter(({ wakeAt }) => wakeAt !== null);
  return active.map(
    ({ id, lower, upper, state }) =>
      `Run ${id} for ${range(lower, upper)} is ${state} and overlap is "${schedule.spec.overlap}".`,
  );
}

function notWaiting(run: Run): string {
  const because = run.reason === null ? "" : ` (${run.reason})`;
  const error = run.error === null ? "" : `: ${run.error.message}`;
  return `It is ${run.state}${because}${error}`;
}

function range(lower: number, upper: number): string {
  return `[${iso(lower)}, ${iso(upper)})`;
}

function iso(instant: number): string {
  return new Date(instant).toISOString();
}
