import type { EpochMs } from "../clock/clock.js";
import { EARLIEST, type Interval } from "../interval/boundaries.js";
import { Grid, type NominalInterval } from "../schedule/grid.js";
import type { Schedule } from "../schedule/schedule.js";

/**
 * Where the time of a ledger may be cut: at the nominal times of its schedule's trigger, also before the schedule began,
 * and at the ledger's beginning, where its first interval may have begun between two of these.
 */
export class LedgerCuts {
  readonly #grid: Grid;
  readonly #origin: EpochMs;
  readonly #fireAt: "interval-end" | "interval-start";

  constructor({ spec, origin }: Pick<Schedule, "spec" | "origin">) {
    this.#grid = new Grid({
      ...spec,
      startTime: EARLIEST,
      // A single time may be that of the schedule's end.
      endTime: spec.trigger.type === "once" ? spec.endTime : null,
      firstInterval: "first-nominal-time",
    });
    this.#origin = origin;
    this.#fireAt = spec.fireAt;
  }

  /** The last cut that is not after an instant; the instant itself where there is none. */
  notAfter(instant: EpochMs): EpochMs {
    const nominal = this.#grid.lastClosed(instant)?.upper;
    if (instant >= this.#origin) return Math.max(this.#origin, nominal ?? this.#origin);
    return nominal ?? instant;
  }

  /** The first cut that is not before an instant; the instant itself where there is none. */
  notBefore(instant: EpochMs): EpochMs {
    return this.#after(instant - 1) ?? instant;
  }

  /** The intervals that these cuts make of a hole in the ledger, from its beginning to its end. */
  *intervalsOf(hole: Interval): Generator<NominalInterval> {
    let { lower } = hole;
    while (lower < hole.upper) {
      const upper = Math.min(this.#after(lower) ?? hole.upper, hole.upper);
      yield { lower, upper, scheduledTime: this.#fireAt === "interval-end" ? upper : lower };
      lower = upper;
    }
  }

  #after(instant: EpochMs): EpochMs | undefined {
    const nominal = this.#grid.next(instant)?.upper;
    if (instant >= this.#origin) return nominal;
    return Math.min(this.#origin, nominal ?? this.#origin);
  }
}
