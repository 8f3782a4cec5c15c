import type { TriggerSpec } from "@tidegate/core";
import { type CronFields, CronTrigger, compileTrigger, type DayRule } from "@tidegate/core/trigger";
import type { Ticks } from "./ticks.js";

/** The days of a cron as two plain fields. */
interface PlainDays {
  readonly days?: readonly number[] | undefined;
  readonly weekdays?: readonly number[] | undefined;
  readonly isExact: boolean;
}

const EVERY_DAY: PlainDays = { isExact: false };

/**
 * Returns the ticks of a cron, with its values written out so that no dialect matters; on more days if it
 * uses Quartz's special characters.
 */
export function cronTicks(
  trigger: TriggerSpec & { readonly type: "cron" },
  { timezone, delayMs }: { readonly timezone: string; readonly delayMs: number },
): Ticks {
  const { seconds, minutes, hours, months, years, days } = fieldsOf(trigger, timezone);
  const plain = plainDays(days);
  return {
    crons: [{ seconds, minutes, hours, months, days: plain.days, weekdays: plain.weekdays }],
    timezone,
    offsetMs: 0,
    waitMs: delayMs,
    period: null,
    isExact: plain.isExact && years === undefined,
  };
}

function fieldsOf(trigger: TriggerSpec, timezone: string): CronFields {
  const compiled = compileTrigger(trigger, timezone);
  if (compiled instanceof CronTrigger) return compiled.fields;
  throw new TypeError("A cron compiles to a CronTrigger.");
}

function plainDays({ monthDays, weekdays, combine }: DayRule): PlainDays {
  const byMonth = monthDays?.map(({ day, fromEnd, isNearestWeekday }) =>
    fromEnd || isNearestWeekday ? undefined : day,
  );
  const byWeek = weekdays?.map(({ weekday, nth }) => (nth === undefined ? weekday : undefined));
  const days = byMonth && allOf(byMonth);
  const ofWeek = byWeek && allOf(byWeek);
  if ((monthDays && !days) || (weekdays && !ofWeek)) return EVERY_DAY;
  if (days === undefined || ofWeek === undefined) return { days, weekdays: ofWeek, isExact: true };
  // A field with all its values does not restrict a timer that fires on days in either field.
  if (combine === "and") return { days, isExact: false };
  return days.length === 31 || ofWeek.length === 7
    ? { isExact: true }
    : { days, weekdays: ofWeek, isExact: true };
}

/** Returns the distinct values, ascending; `undefined` if one is not plain. */
function allOf(values: readonly (number | undefined)[]): number[] | undefined {
  const plain = values.filter((value) => value !== undefined);
  return plain.length === values.length ? [...new Set(plain)].sort((a, b) => a - b) : undefined;
}
