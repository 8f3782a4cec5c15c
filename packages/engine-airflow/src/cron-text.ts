import type { CronValues } from "@tidegate/engine-kit";

/**
 * Returns the expression in the form of Airflow's cron library: five fields, followed by the seconds unless
 * they are 0. A field with all its values becomes a wildcard, since only that follows elapsed time when the
 * clock changes.
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
