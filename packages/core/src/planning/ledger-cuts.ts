import type { EpochMs } from "../clock/clock.js";
import { FIRST_INSTANT, type Interval } from "../interval/boundaries.js";
import { Grid, type NominalInterval } from "../schedule/grid.js";
import type { Schedule, ScheduleSpec, ScheduleVersion } from "../schedule/schedule.js";
import type { ScheduleStore } from "../store/schedule-store.js";

/**
 * Returns the instant up to which a schedule's past may be run again, epoch ms: its watermark, as far as that
 * time is over. It lies ahead of now if the schedule has not begun. `undefined` if no interval is over yet.
 */
export function pastUpTo({ watermark }: Schedule, cuts: LedgerCuts, now: EpochMs): EpochMs | undefined {
  if (watermark <= now) return watermark;
  const due = cuts.dueUpTo(now);
  return due === undefined ? undefined : Math.min(watermark, due);
}

/** Returns the cuts of a schedule's ledger, also of time that was cut by earlier versions of it. */
export async function ledgerCutsOf(
  store: Pick<ScheduleStore, "listVersions">,
  schedule: Schedule,
): Promise<LedgerCuts> {
  if (schedule.version === 1) return new LedgerCuts(schedule);
  const versions = await store.listVersions(schedule.spec.groupId);
  return new LedgerCuts(
    schedule,
    versions.filter(({ unreadable }) => unreadable === null),
  );
}

/** An interval as a ledger's cuts divide time, and when it is due. */
export interface CutInterval extends NominalInterval {
  /** Its scheduled time and the delay, epoch ms. */
  readonly dueAt: EpochMs;
}

/**
 * The instants at which a ledger's time may be cut: the nominal times of its schedule's trigger, including
 * those before the schedule began, and the ledger's beginning, where its first interval may start between two
 * nominal times. Time behind an update is cut by the version that was in effect, and where the update took effect.
 */
export class LedgerCuts {
  /** Stretches that are cut by one grid each, by their beginnings; the first is the time before the ledger. */
  readonly #stretches: readonly Stretch[];

  /** @param versions - oldest first. @default only the newest, for time that no earlier one has cut */
  constructor(
    { spec, origin }: Pick<Schedule, "spec" | "origin">,
    versions: readonly Pick<ScheduleVersion, "spec" | "since">[] = [],
  ) {
    const current = new Stretch(Number.NEGATIVE_INFINITY, spec);
    const earlier = versions.slice(0, -1).map((version) => new Stretch(version.since, version.spec));
    const since = versions.at(-1)?.since ?? origin;
    const { endTime } = spec;
    const isCutByEnd = endTime !== null && endTime > since;
    this.#stretches = [
      current,
      ...earlier,
      current.from(since),
      ...(isCutByEnd ? [current.from(endTime)] : []),
    ];
  }

  /** Returns the last cut that is not after an instant; the instant itself if there is none. */
  notAfter(instant: EpochMs): EpochMs {
    return this.#lastUpTo(instant) ?? instant;
  }

  /** Returns the first cut that is not before an instant; the instant itself if there is none. */
  notBefore(instant: EpochMs): EpochMs {
    return this.#after(instant - 1) ?? instant;
  }

  /** Returns the interval that begins at an instant; `undefined` if no cut follows. */
  next(lower: EpochMs): CutInterval | undefined {
    const upper = this.#after(lower);
    if (upper === undefined) return undefined;
    const { spec } = this.#at(lower);
    const scheduledTime = spec.fireAt === "interval-end" ? upper : lower;
    return { lower, upper, scheduledTime, dueAt: scheduledTime + spec.delayMs };
  }

  /** Returns the last interval whose nominal time is not after an instant; `undefined` if there is none. */
  lastUpTo(instant: EpochMs): CutInterval | undefined {
    const cut = this.#lastUpTo(instant);
    const isItsBeginning = cut === undefined || this.#at(instant).spec.fireAt === "interval-start";
    const lower = isItsBeginning ? cut : this.#lastUpTo(cut - 1);
    return lower === undefined ? undefined : this.next(lower);
  }

  /** Returns the end of the last interval that is due at an instant; `undefined` if there is none. */
  dueUpTo(now: EpochMs): EpochMs | undefined {
    for (const [index, { begin, spec, grid }] of [...this.#stretches.entries()].reverse()) {
      const end = this.#stretches[index + 1]?.begin ?? Number.POSITIVE_INFINITY;
      const latest = now - spec.delayMs;
      const isEnd = spec.fireAt === "interval-end";
      if (isEnd && begin < end && end <= latest) return end;
      const cut = Math.max(begin, grid.lastClosed(Math.min(latest, end - 1))?.upper ?? begin);
      const isDue = isEnd ? cut > begin : begin < end && begin <= latest;
      if (isDue && Number.isFinite(cut)) return isEnd ? cut : (this.#after(cut) ?? cut);
    }
    return undefined;
  }

  /**
   * Yields the intervals into which these cuts divide a hole in the ledger, from its beginning to its end.
   */
  *intervalsOf(hole: Interval): Generator<NominalInterval> {
    let { lower } = hole;
    while (lower < hole.upper) {
      const upper = Math.min(this.#after(lower) ?? hole.upper, hole.upper);
      yield { lower, upper, scheduledTime: this.#at(lower).spec.fireAt === "interval-end" ? upper : lower };
      lower = upper;
    }
  }

  /** Counts the intervals of a hole as `intervalsOf` yields them, arithmetically: a million cost no more than a few. */
  countOf({ lower, upper }: Interval): number {
    return this.#stretches.reduce((count, { begin, grid }, index) => {
      const end = Math.min(upper, this.#stretches[index + 1]?.begin ?? upper);
      const from = Math.max(lower, begin);
      if (from >= end) return count;
      return count + grid.countCuts(from, end - 1) + 1;
    }, 0);
  }

  #lastUpTo(instant: EpochMs): EpochMs | undefined {
    const { begin, grid } = this.#at(instant);
    const nominal = grid.lastClosed(instant)?.upper;
    return Number.isFinite(begin) ? Math.max(begin, nominal ?? begin) : nominal;
  }

  #after(instant: EpochMs): EpochMs | undefined {
    const index = this.#indexOf(instant);
    const nominal = this.#stretches[index]!.grid.next(instant)?.upper;
    const next = this.#stretches[index + 1]?.begin;
    return next === undefined ? nominal : Math.min(next, nominal ?? next);
  }

  #at(instant: EpochMs): Stretch {
    return this.#stretches[this.#indexOf(instant)]!;
  }

  /** Returns the index of the last stretch that has begun: of several that begin together, all but one are empty. */
  #indexOf(instant: EpochMs): number {
    return this.#stretches.findLastIndex(({ begin }) => begin <= instant);
  }
}

/** Time that is cut by the grid of one specification, from an instant on. */
class Stretch {
  readonly begin: EpochMs;
  readonly spec: ScheduleSpec;
  #grid: Grid | undefined;

  constructor(begin: EpochMs, spec: ScheduleSpec, grid?: Grid) {
    this.begin = begin;
    this.spec = spec;
    this.#grid = grid;
  }

  get grid(): Grid {
    const { spec } = this;
    this.#grid ??= new Grid({
      ...spec,
      startTime: FIRST_INSTANT,
      // A `once` trigger that names no time takes the schedule's end time.
      endTime: spec.trigger.type === "once" ? spec.endTime : null,
      // The empty interval of an inclusive end divides nothing.
      endRule: "exclusive",
      firstInterval: "first-nominal-time",
    });
    return this.#grid;
  }

  /** Returns the stretch of the same specification from another instant on. */
  from(begin: EpochMs): Stretch {
    return new Stretch(begin, this.spec, this.grid);
  }
}
