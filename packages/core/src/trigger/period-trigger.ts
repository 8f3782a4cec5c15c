import type { EpochMs } from "../clock/clock.js";
import { DAY_MS, dateOf, dayNumberAt, type LocalMs, monthsAfter } from "./civil.js";
import { datable, type Trigger } from "./trigger.js";
import type { PeriodTriggerSpec, PeriodUnit } from "./trigger-spec.js";
import type { Zone } from "./zone/zone.js";

/** InLong's lengths of its units, ms. */
const FIXED_LENGTH_MS: Readonly<Record<PeriodUnit, number>> = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: DAY_MS,
  week: 7 * DAY_MS,
  month: 30 * DAY_MS,
  year: 365 * DAY_MS,
};

const MONTH_MS_ON_AVERAGE = 30.436875 * DAY_MS;
const MONDAY_1970_MS = 4 * DAY_MS;

/** Without a schedule around it, a period of elapsed time goes by the offset at this instant. */
const REFERENCE: EpochMs = Date.UTC(2026, 0, 1);

/**
 * Returns the trigger of a period: elapsed time for hours and shorter, the zone's calendar for days and
 * longer.
 *
 * @param at - the instant whose offset from UTC applies to a period without an anchor: in 1970 the offset may
 *   have differed by a fraction of an hour, and then every hour would not be on the hour. @default the
 *   beginning of 2026
 */
export function periodTrigger(spec: PeriodTriggerSpec, zone: Zone, at: EpochMs = REFERENCE): Trigger {
  const local = spec.unit === "week" ? MONDAY_1970_MS : 0;
  const isElapsed = spec.unit === "second" || spec.unit === "minute" || spec.unit === "hour";
  if (isElapsed || spec.length === "fixed") {
    const anchor = spec.anchor ?? local - zone.segmentAt(at).offset;
    return new FixedPeriodTrigger(anchor, spec.every * FIXED_LENGTH_MS[spec.unit]);
  }
  const anchor = spec.anchor === undefined ? local : zone.toLocal(spec.anchor);
  if (spec.unit === "day" || spec.unit === "week") {
    return new CalendarPeriodTrigger(zone, dayStep(anchor, spec.every * (spec.unit === "week" ? 7 : 1)));
  }
  return new CalendarPeriodTrigger(zone, monthStep(anchor, spec.every * (spec.unit === "year" ? 12 : 1)));
}

/** A fixed number of milliseconds of elapsed time, also before the anchor. */
class FixedPeriodTrigger implements Trigger {
  readonly #anchor: EpochMs;
  readonly #periodMs: number;

  constructor(anchor: EpochMs, periodMs: number) {
    this.#anchor = anchor;
    this.#periodMs = periodMs;
  }

  next(after: EpochMs): EpochMs | undefined {
    return datable(this.#anchor + (Math.floor((after - this.#anchor) / this.#periodMs) + 1) * this.#periodMs);
  }

  previous(before: EpochMs): EpochMs | undefined {
    return datable(this.#anchor + (Math.ceil((before - this.#anchor) / this.#periodMs) - 1) * this.#periodMs);
  }

  count(after: EpochMs, upTo: EpochMs): number {
    return this.#index(upTo) - this.#index(after);
  }

  /** Returns the index of the last time that is not after an instant, counted from the anchor. */
  #index(instant: EpochMs): number {
    return Math.floor((instant - this.#anchor) / this.#periodMs);
  }
}

/** A sequence of local times, each computed from the anchor, so that nothing drifts. */
interface LocalStep {
  /** Returns the k-th local time; k may be negative. */
  at(k: number): LocalMs;
  /** Estimates the k of a local time; off by at most a few. */
  estimate(local: LocalMs): number;
}

function dayStep(anchor: LocalMs, days: number): LocalStep {
  const stepMs = days * DAY_MS;
  return {
    at: (k) => anchor + k * stepMs,
    estimate: (local) => Math.floor((local - anchor) / stepMs),
  };
}

/** Steps by months from the anchor's day, or to the last day of a month that is too short. */
function monthStep(anchor: LocalMs, months: number): LocalStep {
  const date = dateOf(dayNumberAt(anchor));
  const timeOfDay = anchor - dayNumberAt(anchor) * DAY_MS;
  return {
    at: (k) => monthsAfter(date, k * months) * DAY_MS + timeOfDay,
    estimate: (local) => Math.floor((local - anchor) / (months * MONTH_MS_ON_AVERAGE)),
  };
}

/**
 * Local times of a calendar, as instants of a zone: the first if there are two, and the first after a gap.
 */
class CalendarPeriodTrigger implements Trigger {
  readonly #zone: Zone;
  readonly #step: LocalStep;

  constructor(zone: Zone, step: LocalStep) {
    this.#zone = zone;
    this.#step = step;
  }

  next(after: EpochMs): EpochMs | undefined {
    let k = this.#step.estimate(this.#zone.toLocal(after)) + 1;
    while (this.#at(k - 1) > after) k -= 1;
    while (this.#at(k) <= after) k += 1;
    return datable(this.#at(k));
  }

  previous(before: EpochMs): EpochMs | undefined {
    let k = this.#step.estimate(this.#zone.toLocal(before));
    while (this.#at(k + 1) < before) k += 1;
    while (this.#at(k) >= before) k -= 1;
    return datable(this.#at(k));
  }

  count(after: EpochMs, upTo: EpochMs): number {
    return this.#index(upTo) - this.#index(after) - this.#repeated(after, upTo);
  }

  /** Counts what falls on the same instant as the time before it: a zone that skips a whole day has two at its end. */
  #repeated(after: EpochMs, upTo: EpochMs): number {
    return this.#zone
      .changes(after, upTo + 1)
      .filter(({ at, before, after: later }) => at > after && later - before >= DAY_MS)
      .reduce((sum, { at }) => sum + Math.max(0, this.#index(at) - this.#index(at - 1) - 1), 0);
  }

  /** Returns the index of the last time that is not after an instant, counted from the anchor. */
  #index(instant: EpochMs): number {
    let k = this.#step.estimate(this.#zone.toLocal(instant));
    while (this.#at(k + 1) <= instant) k += 1;
    while (this.#at(k) > instant) k -= 1;
    return k;
  }

  #at(k: number): EpochMs {
    return this.#zone.toInstant(this.#step.at(k));
  }
}
