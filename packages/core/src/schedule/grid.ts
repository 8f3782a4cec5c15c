import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import { compileTrigger } from "../trigger/compile.js";
import type { Trigger } from "../trigger/trigger.js";
import type { ScheduleSpec } from "./schedule.js";

/** An interval of a schedule's grid, with the nominal time at which it is due. */
export interface NominalInterval extends Interval {
  /** Its upper bound, or its lower bound with `fireAt: "interval-start"`. */
  readonly scheduledTime: EpochMs;
}

/** The intervals that are due at an instant. */
export interface DueIntervals {
  /** How many, at least 1. */
  readonly count: number;
  readonly newest: NominalInterval;
  /** The interval that is due next; `undefined` if the newest is the schedule's last. */
  readonly following: NominalInterval | undefined;
}

/** The fields of a schedule that its grid depends on. */
export type GridSpec = Pick<
  ScheduleSpec,
  "trigger" | "timezone" | "startTime" | "endTime" | "fireAt" | "firstInterval" | "endRule" | "delayMs"
>;

/**
 * A schedule's intervals: the time from its start to its end, cut at the trigger's nominal times. They tile
 * it: each begins where the one before ended. Pure; all occurrences anywhere in Tidegate are computed here.
 */
export class Grid {
  readonly #trigger: Trigger;
  readonly #spec: GridSpec;
  /** The last answer of `next`: that after a plan is asked for by the next one. */
  #knownNext: { readonly lower: EpochMs; readonly interval: NominalInterval | undefined } | undefined;
  /** The last answer of `due`, and the time in which it is the same: a lane that is full asks for it again and again. */
  #knownDue: { readonly lower: EpochMs; readonly during: Interval; readonly due: DueIntervals } | undefined;

  constructor(spec: GridSpec) {
    this.#spec = spec;
    const { startTime, endTime } = spec;
    this.#trigger = compileTrigger(spec.trigger, spec.timezone, {
      startTime,
      ...(endTime === null ? {} : { endTime }),
    });
  }

  /** The instant at which the schedule begins, epoch ms. */
  get startTime(): EpochMs {
    return this.#spec.startTime;
  }

  /** Returns where the first interval begins, epoch ms; `undefined` if there is none. */
  origin(): EpochMs | undefined {
    const { startTime, endTime, firstInterval } = this.#spec;
    const first = this.#trigger.next(startTime - 1);
    const origin = firstInterval === "start-time" ? startTime : first;
    if (origin === undefined || (endTime !== null && origin >= endTime)) return undefined;
    return this.next(origin) === undefined ? undefined : origin;
  }

  /**
   * Returns the interval that begins at `lower`; `undefined` if the schedule has ended there. If `endRule` is
   * `inclusive` and a nominal time is the end time, the interval that begins at the end is empty.
   *
   * @param lower - any instant: a watermark left by an earlier version is continued from there
   */
  next(lower: EpochMs): NominalInterval | undefined {
    if (this.#knownNext?.lower === lower) return this.#knownNext.interval;
    const upper = this.#nextCut(lower);
    const interval = upper === undefined ? undefined : this.#interval(lower, upper);
    this.#knownNext = { lower, interval };
    return interval;
  }

  /**
   * Returns the intervals from `lower` on that are due at `now` (see `fireAt`); `undefined` if there are
   * none. Computed arithmetically, so that a million cost no more than a few.
   */
  due(lower: EpochMs, now: EpochMs): DueIntervals | undefined {
    const known = this.#knownDue;
    if (known?.lower === lower && now >= known.during.lower && now < known.during.upper) return known.due;
    const latest = now - this.#spec.delayMs;
    const first = this.next(lower);
    if (first === undefined || first.scheduledTime > latest) return undefined;
    const newest = this.#newestUpTo(latest, lower);
    const isLast = newest.upper === this.#spec.endTime && (isEmpty(newest) || !this.#endsOnNominal());
    const due = {
      count: this.countCuts(lower, newest.upper) + (isEmpty(newest) ? 1 : 0),
      newest,
      following: isLast ? undefined : this.next(newest.upper),
    };
    const changesAt = due.following === undefined ? Number.POSITIVE_INFINITY : this.fireAt(due.following);
    this.#knownDue = { lower, during: { lower: now, upper: changesAt }, due };
    return due;
  }

  /**
   * Returns the newest interval scheduled no later than `latest`; requires that one begins at `lower` or
   * later.
   */
  #newestUpTo(latest: EpochMs, lower: EpochMs): NominalInterval {
    const { endTime, fireAt } = this.#spec;
    if (endTime !== null && latest >= endTime && this.#endsOnNominal())
      return this.#interval(endTime, endTime);
    const cut = this.#previousCut(latest + 1) ?? lower;
    if (fireAt === "interval-start" && (endTime === null || cut < endTime)) {
      const begin = Math.max(lower, cut);
      const end = this.#nextCut(begin);
      // Nothing begins after the last time of an expression with years.
      if (end !== undefined) return this.#interval(begin, end);
    }
    return this.#interval(Math.max(lower, this.#previousCut(cut) ?? lower), cut);
  }

  /**
   * Counts the instants in `(after, upTo]` at which an interval ends, arithmetically.
   *
   * @param after - instant, epoch ms, not later than `upTo`; the grid has begun there
   */
  countCuts(after: EpochMs, upTo: EpochMs): number {
    const { endTime } = this.#spec;
    const isCutByEnd = upTo === endTime && after < upTo && this.#trigger.previous(endTime + 1) !== endTime;
    return this.#trigger.count(after, upTo) + (isCutByEnd ? 1 : 0);
  }

  #endsOnNominal(): boolean {
    const { endTime, endRule } = this.#spec;
    return endTime !== null && endRule === "inclusive" && this.#trigger.previous(endTime + 1) === endTime;
  }

  /** Returns the last whole interval that ends at or before `instant`; `undefined` if there is none. */
  lastClosed(instant: EpochMs): NominalInterval | undefined {
    const upper = this.#previousCut(instant + 1);
    if (upper === undefined) return undefined;
    const lower = this.#previousCut(upper);
    return lower === undefined ? undefined : this.#interval(lower, upper);
  }

  /** Returns when an interval is due: its nominal time plus the delay, epoch ms. */
  fireAt(interval: NominalInterval): EpochMs {
    return interval.scheduledTime + this.#spec.delayMs;
  }

  /** Returns whether an interval of the grid begins or ends at `instant`. */
  isCut(instant: EpochMs): boolean {
    const { startTime, endTime, firstInterval } = this.#spec;
    if (instant < startTime || (endTime !== null && instant > endTime)) return false;
    if (instant === endTime || (instant === startTime && firstInterval === "start-time")) return true;
    return this.#trigger.previous(instant + 1) === instant;
  }

  /**
   * Returns the nominal time that lies `count` times after `instant`, or before it if negative, whether or not
   * the schedule has begun there or still runs; the furthest if there are fewer.
   */
  step(instant: EpochMs, count: number): EpochMs {
    let at = instant;
    for (let done = 0; done < Math.abs(count); done += 1) {
      const nominal = count < 0 ? this.#trigger.previous(at) : this.#trigger.next(at);
      if (nominal === undefined) break;
      at = nominal;
    }
    return at;
  }

  #interval(lower: EpochMs, upper: EpochMs): NominalInterval {
    return { lower, upper, scheduledTime: this.#spec.fireAt === "interval-end" ? upper : lower };
  }

  #nextCut(after: EpochMs): EpochMs | undefined {
    const { endTime } = this.#spec;
    const nominal = this.#trigger.next(after);
    if (endTime === null) return nominal;
    if (after < endTime) return nominal === undefined || nominal > endTime ? endTime : nominal;
    return after === endTime && this.#endsOnNominal() ? endTime : undefined;
  }

  #previousCut(before: EpochMs): EpochMs | undefined {
    const { startTime, endTime, firstInterval } = this.#spec;
    if (endTime !== null && before > endTime) return endTime;
    const nominal = this.#trigger.previous(before);
    if (nominal !== undefined && nominal >= startTime) return nominal;
    return firstInterval === "start-time" && before > startTime ? startTime : undefined;
  }
}

function isEmpty({ lower, upper }: NominalInterval): boolean {
  return lower === upper;
}
