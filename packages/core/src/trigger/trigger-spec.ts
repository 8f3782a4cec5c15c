import type { EpochMs } from "../clock/clock.js";

/** The notation of a cron expression. */
export type CronFlavour =
  /** Five fields: minute, hour, day of month, month, day of week (0 to 7, Sunday is 0 and 7). */
  | "unix"
  /** Six fields: as `unix`, preceded by seconds. */
  | "seconds"
  /** Six or seven fields: seconds first, an optional year last, `?`, `L`, `W`, `#`, and Sunday is 1. */
  | "quartz";

/**
 * How to handle times of day that a change of the zone's offset removes or repeats.
 *
 * It applies to expressions that name times of day. Those with a wildcard or a full-range step in the
 * seconds, minutes or hours follow elapsed time: nothing stands in for what does not exist, and both passes
 * of a repeated hour count.
 */
export interface DstPolicy {
  /** A time in a gap: `shift` to the first instant after it, or `skip`. @default "shift" */
  readonly gap?: "shift" | "skip";
  /** A time that occurs twice: the `first`, the `last`, or `both`. @default "first" */
  readonly fold?: "first" | "last" | "both";
}

/**
 * The defects of a version of Quartz in the day-of-month field. `quartz-2.5.0`: `L` and `L-n` fire only in
 * months of 31 days, and `nW` not in a month in which it would move forward. `quartz-2.5.1`: only the latter.
 * Versions from 2.5.2 on, and 2.3, have neither defect. `quartz-2.5` is an older name of `quartz-2.5.0`.
 */
export type CronQuirks = "quartz-2.5.0" | "quartz-2.5.1" | "quartz-2.5";

/** A rule in cron notation, evaluated in the schedule's time zone. */
export interface CronTriggerSpec {
  /** How the rule is written. */
  readonly type: "cron";
  /** The expression, at most 1,000 characters. */
  readonly expression: string;
  /**
   * The notation of the expression.
   * @default `unix` for five fields, `quartz` for six with a `?` and for seven, `seconds` for six without
   */
  readonly flavour?: CronFlavour;
  /**
   * How to handle times of day that a change of the zone's offset removes or repeats. `"quartz"` handles
   * these days as Quartz does: times in a gap are skipped, and of times that occur twice the last is taken,
   * for every expression.
   * @default { gap: "shift", fold: "first" }
   */
  readonly dst?: DstPolicy | "quartz";
  /** Repeats the defects of a version of Quartz, so that moving from it changes no instant. @default none */
  readonly quirks?: CronQuirks;
}

export type PeriodUnit = "second" | "minute" | "hour" | "day" | "week" | "month" | "year";

/** Every n calendar units, counted from an anchor. */
export interface PeriodTriggerSpec {
  /** How the rule is written. */
  readonly type: "period";
  /** The number of units, an integer from 1 to 1,000,000. */
  readonly every: number;
  /** The unit that is counted. */
  readonly unit: PeriodUnit;
  /**
   * An instant of the grid, epoch ms.
   * @default the schedule's start time if one was given, else the local 1970-01-01T00:00 of the schedule's
   * zone (for weeks 1970-01-05, a Monday). If the length is elapsed time, that is computed with the zone's
   * offset at the schedule's start, so that every hour is on the hour
   */
  readonly anchor?: EpochMs;
  /**
   * `calendar`: days and longer are units of the zone's calendar, so a month is a month and a day with 23
   * hours is one day. `fixed`: a day is 24 h, a week 7 days, a month 30 days, a year 365 days (as InLong
   * counts).
   * @default "calendar"
   */
  readonly length?: "calendar" | "fixed";
}

/** A single time. */
export interface OnceTriggerSpec {
  /** How the rule is written. */
  readonly type: "once";
  /** The time, epoch ms. @default the schedule's end time */
  readonly at?: EpochMs;
}

/** The rule that yields a schedule's nominal times. */
export type TriggerSpec = CronTriggerSpec | PeriodTriggerSpec | OnceTriggerSpec;
