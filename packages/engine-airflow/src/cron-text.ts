import type { CronValues } from "@tidegate/engine-kit";

/**
 * The expression as Airflow's cron library reads it: five fields, and the seconds behind them where they are not 0. A
 * field that has all its values is a wildcard, since only that follows elapsed time where the clock changes.
 */
export function cronText({ seconds, minutes, hours, days, months, weekdays }: CronValues): string {
  const fields = [
    field(minutes, 60),
    field(hours, 24),
    field(days, 31),
    field(months, 12),
    field(weekdays, 7),
    field(seconds, 60),
  ];
  return (fields[5] === "0" ? fields.slice(0, 5) : fields).join(" ");
}

function field(values: readonly number[] | undefined, count: number): string {
  return values === undefined || values.length === count ? "*" : values.join(",");
}
