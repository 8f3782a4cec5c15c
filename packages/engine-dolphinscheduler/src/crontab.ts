import type { CronValues } from "@tidegate/engine-kit";

/** An expression in DolphinScheduler's dialect: Quartz with seven fields. */
export interface Crontab {
  readonly text: string;
  /** Whether it has no times besides those of the crons that it was made from. */
  readonly isExact: boolean;
}

interface Days {
  readonly days: readonly number[] | undefined;
  readonly weekdays: readonly number[] | undefined;
}

/**
 * Returns one expression with at least the times of all these, since a workflow has only one schedule. If
 * Quartz cannot express them in one, it fires more often, on more days or at more times of the day.
 */
export function crontabOf(crons: readonly CronValues[]): Crontab {
  const union = (field: keyof CronValues) => unionOf(crons.map((cron) => cron[field]));
  const { days, weekdays } = daysOf(crons);
  const text = [
    fieldText(union("seconds"), 0, 59),
    fieldText(union("minutes"), 0, 59),
    fieldText(union("hours"), 0, 23),
    weekdays === undefined ? fieldText(days, 1, 31) : "?",
    fieldText(union("months"), 1, 12),
    weekdays === undefined
      ? "?"
      : fieldText(
          weekdays.map((weekday) => weekday + 1),
          1,
          7,
        ),
    "*",
  ].join(" ");
  const [first] = crons;
  return { text, isExact: crons.length === 1 && days === first?.days && weekdays === first?.weekdays };
}

/** Quartz restricts only one of the two day fields; if both are needed, every day is used. */
function daysOf(crons: readonly CronValues[]): Days {
  const days = unionOf(crons.map((cron) => cron.days));
  const weekdays = unionOf(crons.map((cron) => cron.weekdays));
  const isEvery = crons.some((cron) => cron.days === undefined && cron.weekdays === undefined);
  const isMixed = crons.some((cron) => cron.days) && crons.some((cron) => cron.weekdays);
  return isEvery || isMixed ? { days: undefined, weekdays: undefined } : { days, weekdays };
}

/** Returns the distinct values, ascending; `undefined` if one of the fields has every value. */
function unionOf(fields: readonly (readonly number[] | undefined)[]): readonly number[] | undefined {
  const given = fields.filter((values) => values !== undefined);
  if (given.length === 1 && fields.length === 1) return given[0];
  if (given.length < fields.length) return undefined;
  return [...new Set(given.flat())].sort((a, b) => a - b);
}

/**
 * Keeps the text short, since DolphinScheduler stores 255 characters: `*`, a step from a value on, or ranges.
 */
function fieldText(values: readonly number[] | undefined, min: number, max: number): string {
  if (values === undefined || values.length === max - min + 1) return "*";
  const [first = min, second = first] = values;
  const step = second - first;
  const isSteps =
    values.length > 2 && step > 1 && values.every((value, index) => value === first + index * step);
  if (isSteps && first + values.length * step > max) return `${first}/${step}`;
  return rangesOf(values)
    .map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`))
    .join(",");
}

function rangesOf(values: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const value of values) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === value - 1) last[1] = value;
    else ranges.push([value, value]);
  }
  return ranges;
}
