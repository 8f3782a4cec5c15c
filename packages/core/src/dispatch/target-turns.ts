import type { Clock, EpochMs } from "../clock/clock.js";
import type { ScheduleOperator } from "../operator/operator.js";
import { RECHECK_MS } from "../planning/plan-decision.js";
import type { SpecCache } from "../planning/spec-cache.js";
import type { Run, RunWait } from "../run/run.js";
import type { ScheduleSpec } from "../schedule/schedule.js";
import { eachRun } from "../store/each-run.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { backoffMs } from "./attempt-result.js";
import { mayReplaceLater } from "./later-copy.js";

/** When a run that waits looks again: a copy may take seconds or hours. */
const LOOKS = { initialMs: 1_000, maxMs: RECHECK_MS };

/** Most runs that are remembered as held back. */
const MOST_HELD = 10_000;

/**
 * How a run waits for its turn at the target: `soon` if the other run may be about to step back; otherwise it goes back to the
 * ledger until an instant.
 */
export type TurnWait = "soon" | (RunWait & { readonly lookAgainAt: EpochMs });

/** Dependencies of `TargetTurns`. */
export interface TargetTurnsParts {
  readonly store: Pick<ScheduleStore, "listRuns" | "listVersions">;
  readonly clock: Clock;
  readonly specs: Pick<SpecCache, "get" | "peek">;
  /** By lower-case type. */
  readonly operators: ReadonlyMap<string, ScheduleOperator>;
}

/**
 * Keeps full copies apart from other runs of their group. A copy that puts everything up to its own time in the place of the
 * whole target removes what a job beside it has written, if the copy ends last. In the lane of a schedule runs follow
 * each other as a rule, but backfills, re-runs and a wide lane are beside it, and an update changes the mode.
 */
export class TargetTurns {
  readonly #parts: TargetTurnsParts;
  /** By the specification of a run: whether runs of another version may be copies. */
  readonly #others = new WeakMap<ScheduleSpec, boolean>();
  readonly #held = new Map<string, { readonly since: EpochMs; readonly times: number }>();

  constructor(parts: TargetTurnsParts) {
    this.#parts = parts;
  }

  /**
   * Returns whether a run may meet a copy, or is one. Costs nothing while a schedule has its first version; otherwise its
   * versions are read once for each of them.
   */
  mayMeetCopies(run: Run, spec: ScheduleSpec): boolean | Promise<boolean> {
    if (this.#isOfCopies(spec)) return true;
    if (run.scheduleVersion <= 1 && this.#parts.specs.peek(run) === spec) return false;
    return this.#others.get(spec) ?? this.#readOthers(run, spec);
  }

  /** Returns whether two runs of a group must not write at the same time. */
  async areApart(spec: ScheduleSpec, other: Run): Promise<boolean> {
    if (this.#isOfCopies(spec)) return true;
    const others = await this.#parts.specs.get(other);
    return others !== undefined && this.#isOfCopies(others);
  }

  /**
   * Returns how a claimed run waits for one that is at work; `undefined` if it may begin. Of two that have been claimed at once,
   * the earlier one begins.
   */
  async find(run: Run, spec: ScheduleSpec): Promise<TurnWait | undefined> {
    const active = { groupId: run.groupId, states: ["SUBMITTING", "RUNNING"] } as const;
    let isSoon = false;
    for await (const other of eachRun(this.#parts.store, active)) {
      if (other.id === run.id || !(await this.areApart(spec, other))) continue;
      if (other.state === "RUNNING" || isBefore(other, run)) return this.#hold(run, other);
      isSoon = true;
    }
    if (isSoon) return "soon";
    this.#held.delete(run.id);
    return undefined;
  }

  #hold({ id }: Run, other: Run): TurnWait {
    const now = this.#parts.clock.now();
    const { since, times } = this.#held.get(id) ?? { since: now, times: 0 };
    if (this.#held.size >= MOST_HELD) this.#held.clear();
    this.#held.set(id, { since, times: times + 1 });
    const reason = `Run ${other.id} is at work, and a full copy replaces the whole target: no other run writes beside it.`;
    return { reason, since, lookAgainAt: now + backoffMs(LOOKS, times + 1) };
  }

  async #readOthers({ groupId }: Run, spec: ScheduleSpec): Promise<boolean> {
    const versions = await this.#parts.store.listVersions(groupId);
    const mayMeet = versions.some((version) => version.unreadable === null && this.#isOfCopies(version.spec));
    this.#others.set(spec, mayMeet);
    return mayMeet;
  }

  #isOfCopies(spec: ScheduleSpec): boolean {
    const operator = this.#parts.operators.get(spec.operator.toLowerCase());
    return operator !== undefined && mayReplaceLater(spec, operator);
  }
}

function isBefore(a: Run, b: Run): boolean {
  return a.upper < b.upper || (a.upper === b.upper && a.id < b.id);
}
