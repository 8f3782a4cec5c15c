import type { Clock, EpochMs } from "../clock/clock.js";
import { backoffMs } from "../dispatch/attempt-result.js";
import { messageOf } from "../errors/errors.js";
import type { GateAnswer } from "../gate/gate.js";
import type { Interval } from "../interval/boundaries.js";
import type { ProbeAnswer } from "../probe/probe.js";
import { shortened } from "./shortened.js";

/** How long a source that is not ready, or cannot be asked, is left alone. */
const BACKOFF = { initialMs: 5_000, maxMs: 300_000 };

/** The longest wait that a probe may ask for, ms. */
const LONGEST_RETRY_MS = 3_600_000;

/** The shortest wait before a question is asked again, ms. */
const SHORTEST_RETRY_MS = 1_000;

/**
 * How long the answer that a source is ready counts, ms, beside as long as the source has taken to give it: whoever looks for the
 * answer of a slow source comes that much later at most.
 */
const FRESH_MS = 5_000;

/** Errors in a row after which a probe counts as broken. */
const ERRORS_UNTIL_BROKEN = 5;

/** How long after its last answer a question is remembered, ms. */
const REMEMBERED_MS = 600_000;

/** A question to a source that is asked again and again, and the last answer. */
export class Inquiry {
  #about: Interval | undefined;
  #answer: ProbeAnswer | undefined;
  #error: string | undefined;
  /** Errors in a row. */
  #errors = 0;
  /** Answers in a row that brought nothing new. */
  #misses = 0;
  #askAgainAt = 0;
  #pending: { readonly since: EpochMs; readonly done: Promise<void> } | undefined;

  /** Whether the last answer has a watermark, so that it counts for all intervals; `undefined` without one. */
  get hasWatermark(): boolean | undefined {
    return this.#answer === undefined ? undefined : this.#answer.readyThrough !== undefined;
  }

  /** The interval that the last answer is about. */
  get about(): Interval | undefined {
    return this.#about;
  }

  /** The last error, if the question has failed too often in a row. */
  get breakage(): string | undefined {
    return this.#errors < ERRORS_UNTIL_BROKEN ? undefined : this.#error;
  }

  /** Returns whether nobody has asked for so long that it may be forgotten. */
  isForgotten(now: EpochMs): boolean {
    return this.#pending === undefined && now > this.#askAgainAt + REMEMBERED_MS;
  }

  /**
   * Asks unless the last answer still counts or the question is being asked. Resolves when it has been
   * answered, also by an error.
   *
   * @returns whether it was asked now
   */
  async ask(interval: Interval, clock: Clock, ask: () => Promise<ProbeAnswer>): Promise<boolean> {
    if (this.#pending !== undefined) {
      await this.#pending.done;
      return false;
    }
    if (clock.now() < this.#askAgainAt) return false;
    const since = clock.now();
    const done = ask().then(
      (answer) => this.#record(interval, answer, { since, now: clock.now() }),
      (error: unknown) => this.#fail(error, clock.now()),
    );
    this.#pending = { since, done };
    await done;
    return true;
  }

  /** Returns the answer for an interval. */
  answerFor(interval: Interval, now: EpochMs): GateAnswer {
    if (this.#pending !== undefined) {
      // As long again as it has taken so far: a slow source costs few looks.
      return closed(ASKED, now + Math.max(SHORTEST_RETRY_MS, now - this.#pending.since));
    }
    if (this.#error !== undefined) {
      const state =
        this.breakage !== undefined ? "the probe is broken, with" : "the source could not be asked,";
      const count = `${this.#errors} ${this.#errors === 1 ? "error" : "errors"} in a row`;
      return closed(`${state} ${count}: ${this.#error}`, this.#askAgainAt);
    }
    if (this.#answer === undefined) return closed(ASKED, now + SHORTEST_RETRY_MS);
    const { isReady, detail, readyThrough } = this.#answer;
    const isAbout = this.#about?.lower === interval.lower && this.#about.upper === interval.upper;
    if ((isAbout && isReady) || (readyThrough !== undefined && interval.upper <= readyThrough))
      return { isOpen: true };
    const reason = isReady && !isAbout ? "the source is complete for earlier intervals only" : detail;
    const lower = Math.max(interval.lower, readyThrough ?? interval.lower);
    const missing = lower < interval.upper ? [{ lower, upper: interval.upper }] : [];
    return { ...closed(reason, this.#askAgainAt), missing };
  }

  #record(
    interval: Interval,
    answer: ProbeAnswer,
    { since, now }: { readonly since: EpochMs; readonly now: EpochMs },
  ): void {
    const { isReady, readyThrough, retryAfterMs } = answer;
    const hasAdvanced =
      readyThrough !== undefined && readyThrough > (this.#answer?.readyThrough ?? Number.POSITIVE_INFINITY);
    this.#misses = isReady || hasAdvanced || this.#errors > 0 ? 0 : this.#misses + 1;
    const waitMs =
      retryAfterMs === undefined
        ? backoffMs(BACKOFF, Math.max(this.#misses, 1))
        : Math.min(Math.max(Math.ceil(retryAfterMs), SHORTEST_RETRY_MS), LONGEST_RETRY_MS);
    this.#about = interval;
    this.#answer = answer;
    this.#error = undefined;
    this.#errors = 0;
    this.#askAgainAt = now + (isReady ? FRESH_MS + (now - since) : waitMs);
    this.#pending = undefined;
  }

  #fail(error: unknown, now: EpochMs): void {
    this.#error = shortened(messageOf(error) || "an error without a message");
    this.#errors += 1;
    this.#misses += 1;
    this.#askAgainAt = now + backoffMs(BACKOFF, Math.min(this.#misses, 30));
    this.#pending = undefined;
  }
}

const ASKED = "the source is being asked";

function closed(reason: string, lookAgainAt: EpochMs): GateAnswer & { isOpen: false } {
  return { isOpen: false, reason: shortened(reason) || "the source is not ready", lookAgainAt };
}
