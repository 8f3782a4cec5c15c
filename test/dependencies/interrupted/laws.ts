import type { Run, Schedule } from "@tidegate/core";
import { type ModelDependency, type ModelGroup, type ModelTree, windowIn } from "../model.js";
import { groupOf, START } from "../stage.js";

/**
 * The promises of the documentation about runs that wait for others, whatever comes between, in terms of what can be seen from
 * outside: minute by minute, by brute force. It shares no code with the library.
 */

const MINUTE = 60_000;

/** The minutes that are looked at, before and after the beginning. */
const EARLIEST = -2_000;
const LATEST = 2_000;

/** How long a run may wait that could run, minutes: what no event announces is found by looking again. */
const PATIENCE = 2;
const PATIENCE_AFTER_REGISTRATION = 17;

const SUCCEEDED = 1;
const SETTLED = 2;
const OPEN = 4;

export const OPEN_STATES: readonly string[] = ["PLANNED", "SUBMITTING", "RUNNING"];

/** All ledgers at a moment. */
export interface Look {
  /** Minutes since the beginning. */
  readonly now: number;
  readonly schedules: readonly (Schedule | undefined)[];
  readonly runs: readonly Run[];
  /** Groups of which something is being run again, by their numbers. */
  readonly rerunning: ReadonlySet<number>;
}

const minuteOf = (instant: number): number => (instant - START) / MINUTE;

const IS_REGISTERED: readonly string[] = ["REGISTERING", "REGISTERED", "FAILED", "PAUSED"];

/** The covered time of each group, by minute. */
class Coverage {
  readonly #cells: readonly Uint8Array[];
  readonly #schedules: Look["schedules"];

  constructor({ schedules, runs }: Look) {
    this.#schedules = schedules;
    this.#cells = schedules.map(() => new Uint8Array(LATEST - EARLIEST));
    for (const { groupId, lower, upper, state, reason, isSuperseded } of runs) {
      const cells = this.#cells[groupOf(groupId)]!;
      const isRegistered = IS_REGISTERED.includes(schedules[groupOf(groupId)]?.status ?? "");
      const isGivenUp =
        state === "SKIPPED" ||
        (state === "CANCELLED" && (reason === "cancelled" || (reason === "unregistered" && isRegistered)));
      const bits =
        state === "SUCCEEDED"
          ? SUCCEEDED | SETTLED
          : isGivenUp
            ? SETTLED
            : OPEN_STATES.includes(state)
              ? OPEN
              : 0;
      if (isSuperseded || bits === 0) continue;
      for (let minute = minuteOf(lower); minute < minuteOf(upper); minute += 1)
        cells[minute - EARLIEST]! |= bits;
    }
  }

  /** Returns how many minutes of a window count, and how many of those are missing. */
  missing(
    group: number,
    [from, to]: readonly [number, number],
    by: "succeeded" | "settled",
    { isSource = false, isQuiet = false } = {},
  ): { missing: number; length: number } {
    const schedule = this.#schedules[group];
    const origin = isSource || schedule === undefined ? from : minuteOf(schedule.origin);
    let missing = 0;
    let length = 0;
    for (let minute = Math.max(from, origin); minute < to; minute += 1) {
      length += 1;
      const cell = schedule === undefined ? 0 : this.#cells[group]![minute - EARLIEST]!;
      const isCovered = (cell & (by === "succeeded" ? SUCCEEDED : SETTLED)) !== 0;
      if (!isCovered || (isQuiet && (cell & OPEN) !== 0)) missing += 1;
    }
    return { missing, length };
  }
}

type Verdict = "met" | "waits" | "failed";

/** Judges what was seen, look by look. */
export class Judge {
  readonly broken: string[] = [];
  readonly #groups: readonly ModelGroup[];
  #before: Look | undefined;
  /** Since when each run is gated, minutes. */
  readonly #gatedSince = new Map<string, number>();
  /** Since when each run could go on, minutes. */
  readonly #idleSince = new Map<string, number>();
  #registeredAt = Number.NEGATIVE_INFINITY;
  /** How many runs have begun that wait for others. */
  begun = 0;

  constructor(groups: readonly ModelGroup[]) {
    this.#groups = groups;
  }

  /** A group was unregistered, purged or registered. */
  registered(now: number): void {
    this.#registeredAt = now;
  }

  look(look: Look): void {
    const coverages = [
      ...(this.#before === undefined ? [] : [new Coverage(this.#before)]),
      new Coverage(look),
    ];
    const seen = new Set(
      this.#before?.runs.filter(({ submittedAt }) => submittedAt !== null).map(({ id }) => id),
    );
    for (const run of look.runs) {
      const { id, kind, place, submittedAt, wait } = run;
      if (kind === "REPORTED") continue;
      if (submittedAt !== null && !seen.has(id)) this.#begins(run, look, coverages);
      // Within a minute it may have lost its turn and got it again.
      const turn = Math.ceil(minuteOf(wait?.since ?? 0));
      if (place === "gated") this.#gatedSince.set(id, Math.max(turn, this.#gatedSince.get(id) ?? look.now));
      else this.#gatedSince.delete(id);
      this.#waits(run, look, coverages.at(-1)!);
    }
    this.#before = look;
  }

  #begins(run: Run, { now, rerunning }: Look, coverages: readonly Coverage[]): void {
    const group = groupOf(run.groupId);
    const { tree, past } = this.#groups[group]!;
    if (tree === undefined && past === undefined) return;
    this.begun += 1;
    const waited = now - (this.#gatedSince.get(run.id) ?? now) + 1;
    // Between two runs of a backfill none is in progress.
    const isQuiet = !rerunning.has(group) && this.#before?.rerunning.has(group) !== true;
    if (coverages.some((coverage) => this.#verdict(run, coverage, waited, isQuiet) === "met")) return;
    this.broken.push(`${described(run)} began at ${now} although it should have waited`);
  }

  #waits(run: Run, look: Look, coverage: Coverage): void {
    const { now, schedules } = look;
    const schedule = schedules[groupOf(run.groupId)];
    const couldGoOn = schedule !== undefined && this.#couldGoOn(run, look, coverage, schedule);
    if (!couldGoOn) {
      this.#idleSince.delete(run.id);
      return;
    }
    const since = this.#idleSince.get(run.id) ?? now;
    this.#idleSince.set(run.id, since);
    const isCalm = now - this.#registeredAt > PATIENCE_AFTER_REGISTRATION;
    if (now - since === (isCalm ? PATIENCE : PATIENCE_AFTER_REGISTRATION))
      this.broken.push(`${described(run)} waits since ${since} (${run.place}) although it could run`);
  }

  #couldGoOn(run: Run, look: Look, coverage: Coverage, schedule: Schedule): boolean {
    const { now, rerunning, runs } = look;
    const { place, readyAt, kind } = run;
    if (place === "ready") return minuteOf(readyAt ?? 0) <= now;
    if (place === "gated") {
      const { tree } = this.#groups[groupOf(run.groupId)]!;
      if (leavesOf(tree).some(({ on }) => rerunning.has(on))) return false;
      const waited = now - (this.#gatedSince.get(run.id) ?? now) - 1;
      return this.#verdict(run, coverage, waited) === "met" && this.#hasTurn(run, look);
    }
    if (place !== "waiting" || kind !== "SCHEDULED") return false;
    const isAtWork = schedule.status !== "PAUSED" && schedule.status !== "DELETED";
    const width = this.#groups[groupOf(run.groupId)]!.width;
    const own = runs.filter(({ groupId }) => groupId === run.groupId);
    const admitted = own.filter((other) => other.kind === "SCHEDULED" && isAdmitted(other)).length;
    const isFree = admitted < width && !own.some(({ isBlocking }) => isBlocking);
    return isAtWork && isFree && !own.some((other) => other.place === "gated" && other.lower < run.lower);
  }

  /** Whether nothing of its lane goes before a gated run. */
  #hasTurn({ groupId, kind, lower }: Run, { runs }: Look): boolean {
    if (kind !== "SCHEDULED") return true;
    const own = runs.filter((other) => other.groupId === groupId && other.kind === "SCHEDULED");
    const isBlocked = own.some(({ isBlocking }) => isBlocking);
    const { width } = this.#groups[groupOf(groupId)]!;
    const isFull = own.filter(isAdmitted).length >= width;
    return !isBlocked && !isFull && !own.some((other) => other.place === "gated" && other.lower < lower);
  }

  #verdict(run: Run, coverage: Coverage, waited: number, isQuiet = true): Verdict {
    const group = groupOf(run.groupId);
    const { tree, past } = this.#groups[group]!;
    if (past !== undefined && !this.#isPastSettled(run, coverage, past, isQuiet)) return "waits";
    return tree === undefined ? "met" : this.#verdictOn(tree, run, coverage, waited);
  }

  #isPastSettled(run: Run, coverage: Coverage, past: "previous" | "all", isQuiet: boolean): boolean {
    const group = groupOf(run.groupId);
    const lower = minuteOf(run.lower);
    const from = past === "all" ? EARLIEST : lower - this.#groups[group]!.period;
    return coverage.missing(group, [from, lower], "settled", { isQuiet }).missing === 0;
  }

  #verdictOn(tree: ModelTree, run: Run, coverage: Coverage, waited: number): Verdict {
    if ("all" in tree) {
      const each = tree.all.map((child) => this.#verdictOn(child, run, coverage, waited));
      if (each.includes("failed")) return "failed";
      return each.includes("waits") ? "waits" : "met";
    }
    if ("any" in tree) {
      const each = tree.any.map((child) => this.#verdictOn(child, run, coverage, waited));
      if (each.includes("met")) return "met";
      return each.includes("waits") ? "waits" : "failed";
    }
    const lower = minuteOf(run.lower);
    const window = windowIn(this.#groups[groupOf(run.groupId)]!, tree.window, {
      lower,
      minutes: minuteOf(run.upper) - lower,
    });
    const by = tree.isSettledEnough ? "settled" : "succeeded";
    const isSource = this.#groups[tree.on]!.reports !== undefined;
    const { missing, length } = coverage.missing(tree.on, window, by, { isSource });
    const allowed = "minutes" in tree.mayMiss ? tree.mayMiss.minutes : (length * tree.mayMiss.percent) / 100;
    if (missing <= allowed) return "met";
    if (tree.timeout === undefined || waited < tree.timeout.minutes) return "waits";
    return tree.timeout.action === "run" ? "met" : "failed";
  }
}

function isAdmitted({ place }: Run): boolean {
  return place === "ready" || place === "active";
}

/** Returns the dependencies of a tree. */
export function leavesOf(tree: ModelTree | undefined): readonly ModelDependency[] {
  if (tree === undefined) return [];
  if ("all" in tree) return tree.all.flatMap(leavesOf);
  return "any" in tree ? tree.any.flatMap(leavesOf) : [tree];
}

export function described({ groupId, kind, lower, upper, generation, state, id }: Run): string {
  return `${kind} ${state} of ${groupId} from ${minuteOf(lower)} to ${minuteOf(upper)}, generation ${generation} (${id.slice(-6)})`;
}
