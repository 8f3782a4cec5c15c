import type { Clock } from "../clock/clock.js";
import { hasSnapshots, isOfReading } from "../planning/plan-snapshot.js";
import type { PoolPosition } from "../pool/pool.js";
import { isUncovered } from "../run/covering.js";
import type { Run } from "../run/run.js";
import { gatesOf } from "../schedule/gates-of.js";
import type { Schedule } from "../schedule/schedule.js";
import type { ScheduleStore } from "../store/schedule-store.js";

import { dependencyReasons } from "./explain-dependencies.js";
import { iso, range } from "./instants.js";
import { holdingReasons } from "./snapshot-notes.js";

/** Explanation of why a run waits, or why it does not. */
export interface Explanation {
  readonly run: Run;
  readonly isWaiting: boolean;
  /** Plain sentences, most relevant first. */
  readonly reasons: readonly string[];
}

/** Dependencies of `explainRun`. */
export interface ExplanationSources {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  /** Types of this manager's operators, in lower case. */
  readonly operators: readonly string[];
  /** Types of this manager's gates. */
  readonly gates: readonly string[];
}

/** Most runs that are named one by one. */
const MOST_NAMED = 10;

/** Explains the state of a run from what the store holds about it and its lane. */
export async function explainRun(
  sources: ExplanationSources,
  run: Run,
  schedule: Schedule | undefined,
): Promise<Explanation> {
  if (run.state !== "PLANNED")
    return {
      run,
      isWaiting: false,
      reasons: [...notWaiting(run), ...ofSnapshot(run, schedule), ...markReasons(run)],
    };
  const reasons: string[] = [];
  if (schedule?.status === "PAUSED")
    reasons.push(`The schedule is paused: ${schedule.statusReason || "no note"}.`);
  if (run.place === "waiting" && run.kind === "SCHEDULED" && schedule !== undefined)
    reasons.push(...(await laneReasons(sources.store, run, schedule)));
  if (run.place === "gated") {
    reasons.push(gateReason(run), ...lackingGates(sources, run, schedule));
    reasons.push(...(await dependencyReasons(sources.store, run.wait?.unmet ?? [])));
  }
  if (run.place === "ready") reasons.push(...(await readyReasons(sources, run)));
  if (reasons.length === 0) reasons.push("It waits for a place in its lane.");
  reasons.push(...ofSnapshot(run, schedule), ...markReasons(run));
  return { run, isWaiting: true, reasons };
}

function ofSnapshot(run: Run, schedule: Schedule | undefined): string[] {
  const isHolding = schedule !== undefined && hasSnapshots(schedule.spec) && isOfReading(run, schedule);
  return isHolding && !run.isSuperseded ? holdingReasons(run) : [];
}

async function laneReasons(store: ScheduleStore, run: Run, schedule: Schedule): Promise<string[]> {
  const { groupId } = run;
  const { admittedRuns, blockingRuns, spec } = schedule;
  if (blockingRuns > 0) {
    const blocking = await store.listRuns({ groupId, isBlocking: true }, { limit: MOST_NAMED });
    return andOthers(
      blocking.items.map(({ id, lower, upper, error, state }) =>
        state === "CANCELLED"
          ? `Run ${id} for ${range({ lower, upper })} was cancelled, and the schedule's next plan covers its interval first: ${error?.message ?? "unknown"}`
          : `Run ${id} for ${range({ lower, upper })} has failed and onFailure is "${spec.onFailure}"; retry or cancel it. Its error: ${error?.message ?? "unknown"}`,
      ),
      blockingRuns,
      "block the lane",
    );
  }
  const active = await store.listRuns(
    { groupId, kinds: ["SCHEDULED"], states: ["SUBMITTING", "RUNNING"], isJobOpen: true },
    { limit: MOST_NAMED },
  );
  return andOthers(
    active.items.map(
      ({ id, lower, upper, state, isCancelRequested }) =>
        `Run ${id} for ${range({ lower, upper })} is ${state}${isCancelRequested ? ", although its cancellation was requested," : ""} and overlap is "${spec.overlap}".`,
    ),
    admittedRuns,
    "have a place in the lane",
  );
}

function andOthers(named: readonly string[], count: number, verb: string): string[] {
  const others = count - named.length;
  return others <= 0 ? [...named] : [...named, `${others} ${named.length > 0 ? "more " : ""}runs ${verb}.`];
}

function gateReason({ wait }: Run): string {
  if (wait === null) return "It is held by a gate.";
  if (wait.reason === "gate") return `Its gates are about to be asked, since ${iso(wait.since)}.`;
  const missing = wait.missing?.map(({ lower, upper }) => range({ lower, upper })).join(", ");
  const rest = missing === undefined || missing === "" ? "" : `; missing: ${missing}`;
  const again = wait.lookAgainAt === undefined ? "" : ` Asked again by ${iso(wait.lookAgainAt)}.`;
  return `It is held by a gate since ${iso(wait.since)}: ${wait.reason}${rest}.${again}`;
}

function markReasons({ markedReady }: Run): string[] {
  if (markedReady === null) return [];
  const { at, note } = markedReady;
  return [`Its gates were opened by hand at ${iso(at)}: ${note || "no note"}.`];
}

function lackingGates({ gates }: ExplanationSources, run: Run, schedule: Schedule | undefined): string[] {
  if (schedule === undefined || schedule.version !== run.scheduleVersion) return [];
  return [...gatesOf(schedule.spec).keys()]
    .filter((type) => !gates.includes(type))
    .map(
      (type) =>
        `It needs gate "${type}", which this manager does not have; a manager that has it will ask it.`,
    );
}

async function readyReasons({ store, clock, operators }: ExplanationSources, run: Run): Promise<string[]> {
  const reasons: string[] = [];
  if (!operators.includes(run.operator)) {
    reasons.push(
      `It needs operator "${run.operator}", which this manager does not have (it has: ${operators.join(", ")}); a manager that has it will run it.`,
    );
  }
  if (run.wait?.reason === "retry" && run.readyAt !== null && run.readyAt > clock.now()) {
    const last = run.history.at(-1);
    const cause = last === undefined ? "" : ` Attempt ${last.attempt} failed: ${last.error.message}`;
    reasons.push(`It waits for its next attempt until ${iso(run.readyAt)}.${cause}`);
  } else if (run.wait !== null && run.readyAt !== null && run.readyAt > clock.now()) {
    const { since, reason } = run.wait;
    reasons.push(
      `It waits for its source since ${iso(since)}, which is asked again at ${iso(run.readyAt)}: ${reason}`,
    );
  }
  const positions = await store.poolPositions(run.id);
  reasons.push(...positions.map(poolReason));
  return reasons.length > 0 ? reasons : ["It is ready and waits for a manager with a free place."];
}

function poolReason({ name, needs, pool, before, usedBy }: PoolPosition): string {
  if (pool === undefined)
    return `It needs pool "${name}", which does not exist; create it, or update the schedule.`;
  const { used, slots } = pool;
  const by =
    usedBy.length === 0 ? "" : ` by ${usedBy.join(", ")}${usedBy.length < pool.activeRuns ? ", …" : ""}`;
  const several = needs > 1 ? `; it needs ${needs}` : "";
  return `${before} before it in pool ${name} (${used}/${slots} used${by})${several}.`;
}

function notWaiting(run: Run): string[] {
  const because = run.reason === null ? "" : ` (${run.reason})`;
  const error = run.error === null ? "" : `: ${run.error.message}`;
  const outlook = isUncovered(run) ? ["The schedule's next plan covers its interval."] : [];
  return [`It is ${run.state}${because}${error}`, ...outlook, ...jobReasons(run)];
}

/** Explains why a run whose job nobody needs any more still holds its interval. */
function jobReasons({ place, isCancelRequested, isJobOpen }: Run): string[] {
  if (place === "active") {
    return isCancelRequested
      ? ["Its cancellation was requested; it ends when its job is known to have stopped or ended."]
      : [];
  }
  return isJobOpen
    ? [
        "Its job may still be working: nothing has reported its end. The audit counts the interval as doubtful.",
      ]
    : [];
}
