import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import { compileTrigger } from "../trigger/compile.js";
import type { Trigger } from "../trigger/trigger.js";
import type { ScheduleSpec } from "./schedule.js";

/** An interval of a schedule's grid, with the nominal time at which it is due. */
export interface NominalInterval extends Interval {
  /** Its upper bound, or its lower one with `fireAt: "interval-start"`. */
  readonly scheduledTime: EpochMs;
}

/** What of a schedule its grid depends on. */
export type GridSpec = Pick<
  ScheduleSpec,
  "trigger" | "timezone" | "startTime" | "endTime" | "fireAt" | "firstInterval" | "endRule" | "delayMs"
>;

/**
 * A schedule's intervals: time from its start to its end, cut at the trigger's nominal times. They tile it: each begins
 * where the one before ended. Pure; all that is said of occurrences anywhere in Tidegate is computed here.
 */
export class Grid {
  readonly #trigger: Trigger;
  readonly #spec: GridSpec;

  constructor(spec: GridSpec) {
    this.#spec = spec;
    const { startTime, endTime } = spec;
    this.#trigger = compileTrigger(spec.trigger, spec.timezone, {
      startTime,
      ...(endTime === null ? {} : { endTime }),
    });
  }

  /** Where the schedule begins, epoch ms. */
  get startTime(): EpochMs {
    return this.#spec.startTime;
  }

  /** Where the first interval begins, epoch ms; `undefined` when there is none. */
  origin(): EpochMs | undefined {
    const { startTime, endTime, firstInterval } = this.#spec;
    const first = this.#trigger.next(startTime - 1);
    const origin = firstInterval === "start-time" ? startTime : first;
    if (origin === undefined || (endTime !== null && origin >= endTime)) return undefined;
    return this.next(origin) === undefined ? undefined : origin;
  }

  /**
   * The interval that begins at `lower`; `undefined` when the schedule has ended there. Where `endRule` is `inclusive`
   * and a nominal time is the end time, the one that begins at the end is empty.
   *
   * @param lower - any instant: what a watermark of an earlier version left is continued from there
   */
  next(lower: EpochMs): NominalInterval | undefined {
    const upper = this.#nextCut(lower);
    return upper === undefined ? undefined : this.#interval(lower, upper);
  }

  /** The last whole interval that ends at or before `instant`; `undefined` when there is none. */
  lastClosed(instant: EpochMs): NominalInterval | undefined {
    const upper = this.#previousCut(instant + 1);
    if (upper === undefined) return undefined;
    const lower = this.#previousCut(upper);
    return lower === undefined ? undefined : this.#interval(lower, upper);
  }

  /** When an interval is due: its nominal time and the delay, epoch ms. */
  fireAt(interval: NominalInterval): EpochMs {
    return interval.scheduledTime + this.#spec.delayMs;
  }

  /** Whether `instant` is where an interval of the grid begins or ends. */
  isCut(instant: EpochMs): boolean {
    const { startTime, endTime, firstInterval } = this.#spec;
    if (instant < startTime || (endTime !== null && instant > endTime)) return false;
    if (instant === endTime || (instant === startTime && firstInterval === "start-time")) return true;
    return this.#trigger.previous(instant + 1) === instant;
  }

  #interval(lower: EpochMs, upper: EpochMs): NominalInterval {
    return { lower, upper, scheduledTime: this.#spec.fireAt === "interval-end" ? upper : lower };
  }

  #nextCut(after: EpochMs): EpochMs | undefined {
    const { endTime, endRule } = this.#spec;
    const nominal = this.#trigger.next(after);
    if (endTime === null) return nominal;
    if (after < endTime) return nominal === undefined || nominal > endTime ? endTime : nominal;
    const endsOnNominal = endRule === "inclusive" && this.#trigger.previous(endTime + 1) === endTime;
    return after === endTime && endsOnNominal ? endTime : undefined;
  }

  #previousCut(before: EpochMs): EpochMs | undefined {
    const { startTime, endTime, firstInterval } = this.#spec;
    if (endTime !== null && before > endTime) return endTime;
    const nominal = this.#trigger.previous(before);
    if (nominal !== undefined && nominal >= startTime) return nominal;
    return firstInterval === "start-time" && before > startTime ? startTime : undefined;
  }
}
