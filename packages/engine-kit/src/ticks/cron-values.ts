/**
 * The fields of a cron expression as values; `undefined` means all. If both days and weekdays are given, a
 * day in either counts.
 */
export interface CronValues {
  readonly seconds: readonly number[];
  readonly minutes?: readonly number[] | undefined;
  readonly hours?: readonly number[] | undefined;
  readonly days?: readonly number[] | undefined;
  /** 1 is January. */
  readonly months?: readonly number[] | undefined;
  /** 0 is Sunday. */
  readonly weekdays?: readonly number[] | undefined;
}
