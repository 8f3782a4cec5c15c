import type { EpochMs } from "../clock/clock.js";
import { FIRST_INSTANT, type Interval } from "../interval/boundaries.js";
import { Grid, type NominalInterval } from "../schedule/grid.js";
import type { Schedule } from "../schedule/schedule.js";

/**
 * Returns the instant up to which a schedule's past may be run again, epoch ms: its watermark, as far as that
 * time is over. It lies ahead of now if the schedule has not begun. `undefined` if no interval is over yet.
 */
export function pastUpTo(schedule: Schedule, now: EpochMs): EpochMs | undefined {
  const { watermark, spec } = schedule;
  if (watermark <= now) return watermark;
  const due = new LedgerCuts(schedule).dueUpTo(now - spec.delayMs);
  return due === undefined ? undefined : Math.min(watermark, due);
}

/**
 * The instants at which a ledger's time may be cut: the nominal times of its schedule's trigger, including
 * those before the schedule began, and the ledger's beginning, where its first interval may start between two
 * nominal times.
 */
export class LedgerCuts {
  readonly #grid: Grid;
  readonly #origin: EpochMs;
  readonly #fireAt: "interval-end" | "interval-start";

  constructor({ spec, origin }: Pick<Schedule, "spec" | "origin">) {
    this.#grid = new Grid({
      ...spec,
      startTime: FIRST_INSTANT,
      // A `once` trigger that names no time takes the schedule's end time.
      endTime: spec.trigger.type === "once" ? spec.endTime : null,
      // The empty interval of an inclusive end divides nothing.
      endRule: "exclusive",
      firstInterval: "first-nominal-time",
    });
    this.#origin = origin;
    this.#fireAt = spec.fireAt;
  }

  /** Returns the last cut that is not after an instant; the instant itself if there is none. */
  notAfter(instant: EpochMs): EpochMs {
    return this.#lastUpTo(instant) ?? instant;
  }

  /** Returns the first cut that is not before an instant; the instant itself if there is none. */
  notBefore(instant: EpochMs): EpochMs {
    return this.#after(instant - 1) ?? instant;
  }

  /**
   * Returns the end of the last interval that is due at an instant, ignoring the delay; `undefined` if there
   * is none.
   */
  dueUpTo(instant: EpochMs): EpochMs | undefined {
    const begun = this.#lastUpTo(instant);
    return begun === undefined || this.#fireAt === "interval-end" ? begun : (this.#after(instant) ?? begun);
  }

  /**
   * Yields the intervals into which these cuts divide a hole in the ledger, from its beginning to its end.
   */
  *intervalsOf(hole: Interval): Generator<NominalInterval> {
    let { lower } = hole;
    while (lower < hole.upper) {
      const upper = Math.min(this.#after(lower) ?? hole.upper, hole.upper);
      yield { lower, upper, scheduledTime: this.#fireAt === "interval-end" ? upper : lower };
      lower = upper;
    }
  }

  /** Counts the intervals of a hole as `intervalsOf` yields them, arithmetically: a million cost no more than a few. */
  countOf({ lower, upper }: Interval): number {
    const hasOrigin = lower < this.#origin && this.#origin < upper && !this.#grid.isCut(this.#origin);
    return this.#grid.countCuts(lower, upper - 1) + (hasOrigin ? 2 : 1);
  }

  #lastUpTo(instant: EpochMs): EpochMs | undefined {
    const nominal = this.#grid.lastClosed(instant)?.upper;
    return instant < this.#origin ? nominal : Math.max(this.#origin, nominal ?? this.#origin);
  }

  #after(instant: EpochMs): EpochMs | undefined {
    const nominal = this.#grid.next(instant)?.upper;
    if (instant >= this.#origin) return nominal;
    return Math.min(this.#origin, nominal ?? this.#origin);
  }
}
