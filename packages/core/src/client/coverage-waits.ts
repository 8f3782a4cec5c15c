import type { Clock } from "../clock/clock.js";
import type { SignalEmitter } from "../events/signals.js";
import type { Interval } from "../interval/boundaries.js";
import { type IntervalSet, intersect, toSet } from "../interval/interval-set.js";
import { openHandOvers } from "../planning/hand-overs.js";
import type { Schedule } from "../schedule/schedule.js";
import type { ScheduleStore } from "../store/schedule-store.js";

/** The part of an interval that a group covers. */
export interface CoverageAnswer {
  readonly groupId: string;
  readonly range: Interval;
  /** Whether all of it has succeeded, and a full copy that has its rows is consistent (`RunSnapshot.consistentFrom`). */
  readonly isCovered: boolean;
  /** The time that has not. */
  readonly missing: IntervalSet;
  /**
   * Changes when time of the range is covered that was not, or is covered by another generation; 16 hex digits.
   */
  readonly generationDigest: string;
}

/** Options of a question about coverage. */
export interface CoverageOptions {
  /** How long to wait for all of it to be covered, ms, 0 to 60,000. @default 0 */
  readonly waitMs?: number;
  /** Ends the wait, for example when the caller has gone away. */
  readonly signal?: AbortSignal;
}

/** Dependencies of `CoverageWaits`. */
export interface CoverageWaitsParts {
  readonly store: Pick<ScheduleStore, "generationDigests" | "listRuns" | "missingTime">;
  readonly clock: Clock;
  readonly signals: SignalEmitter;
  /** How often the store is read for what other managers have written, ms. */
  readonly pollMs: number;
}

/**
 * Answers what groups cover, and waits for it: until a run of the group ends in this process, and by reading the
 * store again, so that no end is missed. A stop ends all waits.
 */
export class CoverageWaits {
  readonly #parts: CoverageWaitsParts;
  readonly #waking = new Map<string, Set<() => void>>();
  readonly #asked = new Set<Promise<CoverageAnswer>>();
  #isStopped = true;
  readonly #onRunsEnded = (groupIds: ReadonlySet<string>): void => {
    if (this.#waking.size > 0) for (const groupId of groupIds) this.wake(groupId);
  };

  constructor(parts: CoverageWaitsParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#isStopped = false;
    this.#parts.signals.on("runs-ended", this.#onRunsEnded);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#parts.signals.off("runs-ended", this.#onRunsEnded);
    for (const groupId of [...this.#waking.keys()]) this.wake(groupId);
    await Promise.allSettled(this.#asked);
  }

  /** Has those look again who wait for this group. */
  wake(groupId: string): void {
    for (const wake of [...(this.#waking.get(groupId) ?? [])]) wake();
  }

  /** Returns the coverage of a range once it is complete, or as it stands when the wait is over. */
  ask(schedule: Schedule, range: Interval, options: CoverageOptions): Promise<CoverageAnswer> {
    const asked = this.#ask(schedule, range, options);
    this.#asked.add(asked);
    const forget = (): boolean => this.#asked.delete(asked);
    void asked.then(forget, forget);
    return asked;
  }

  async #ask(
    schedule: Schedule,
    range: Interval,
    { waitMs = 0, signal }: CoverageOptions,
  ): Promise<CoverageAnswer> {
    const { clock } = this.#parts;
    const { groupId } = schedule.spec;
    const until = clock.monotonicNow() + waitMs;
    for (;;) {
      // Subscribe before reading, so that no end is missed in between.
      const change = this.#nextChange(groupId, until, signal);
      try {
        const answer = await this.#read(schedule, range);
        const isOver = this.#isStopped || signal?.aborted === true || clock.monotonicNow() >= until;
        if (answer.isCovered || isOver) return answer;
        await change.happened;
      } finally {
        change.forget();
      }
    }
  }

  async #read(schedule: Schedule, range: Interval): Promise<CoverageAnswer> {
    const { store } = this.#parts;
    const { groupId } = schedule.spec;
    const [uncovered = []] = await store.missingTime([{ groupId, within: range, by: "succeeded" }]);
    const handOver = (await openHandOvers(store, [schedule], "succeeded")).get(groupId);
    const blurred = handOver === undefined ? [] : [{ lower: range.lower, upper: handOver.upper }];
    const missing = toSet([...uncovered, ...intersect([range], blurred)]);
    // Read afterwards: time that was covered before is covered by what it digests.
    const [generationDigest] = await store.generationDigests([{ groupId, ...range }]);
    return { groupId, range, isCovered: missing.length === 0, missing, generationDigest: generationDigest! };
  }

  /**
   * Resolves when the group is worth reading again.
   *
   * @param until - elapsed time at which the wait is over, ms
   */
  #nextChange(
    groupId: string,
    until: number,
    signal: AbortSignal | undefined,
  ): { readonly happened: Promise<void>; readonly forget: () => void } {
    const { clock, pollMs } = this.#parts;
    let wake = (): void => {};
    const happened = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const wakes = this.#waking.get(groupId) ?? new Set();
    this.#waking.set(groupId, wakes.add(wake));
    signal?.addEventListener("abort", wake);
    const timer = clock.wakeAfter(Math.max(0, Math.min(until - clock.monotonicNow(), pollMs)), wake);
    const forget = (): void => {
      timer.cancel();
      signal?.removeEventListener("abort", wake);
      wakes.delete(wake);
      if (wakes.size === 0 && this.#waking.get(groupId) === wakes) this.#waking.delete(groupId);
    };
    return { happened, forget };
  }
}
