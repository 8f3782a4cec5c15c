/**
 * The fields of a cron expression in values; `undefined` is every one. Where both days and weekdays are given, a day
 * counts that is in either.
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
