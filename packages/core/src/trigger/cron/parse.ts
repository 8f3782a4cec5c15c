import type { CronFlavour, CronTriggerSpec } from "../trigger-spec.js";
import type { DayRule, MonthDayPart, WeekdayPart } from "./day-rule.js";
import {
  DAY_OF_MONTH,
  DAY_OF_WEEK,
  type FieldRule,
  fieldValue,
  HOUR,
  MINUTE,
  MONTH,
  malformed,
  QUARTZ_DAY_OF_WEEK,
  refusal,
  SECOND,
  YEAR,
} from "./fields.js";
import { plainValues } from "./values.js";

/** A parsed cron expression. */
export interface CronFields {
  /** Ascending. */
  readonly seconds: readonly number[];
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly months: readonly number[];
  /** `undefined`: every year. */
  readonly years: readonly number[] | undefined;
  readonly days: DayRule;
  /**
   * Seconds, minutes or hours have a wildcard or a step over their whole range: the expression follows
   * elapsed time and names no times of day.
   */
  readonly isElapsed: boolean;
}

const MAX_LENGTH = 1_000;
const LAST_DAY_OFFSET_MAX = 30;

/** Expansions of the usual names. Quartz has none of them. */
const PRESETS = new Map([
  ["@yearly", "0 0 1 1 *"],
  ["@annually", "0 0 1 1 *"],
  ["@monthly", "0 0 1 * *"],
  ["@weekly", "0 0 * * 0"],
  ["@daily", "0 0 * * *"],
  ["@midnight", "0 0 * * *"],
  ["@hourly", "0 * * * *"],
]);

/**
 * Parses a cron expression.
 *
 * @throws TriggerError TRIGGER_INVALID with `trigger.expression` as its field, naming the field of the
 *   expression and what is allowed there
 */
export function parseCron(spec: Pick<CronTriggerSpec, "expression" | "flavour" | "quirks">): CronFields {
  if (spec.expression.length > MAX_LENGTH) {
    throw malformed(`is ${spec.expression.length} characters long; at most ${MAX_LENGTH} are allowed.`);
  }
  const written = spec.expression.trim();
  const preset =
    spec.flavour === undefined || spec.flavour === "unix" ? PRESETS.get(written.toLowerCase()) : undefined;
  const texts = (preset ?? written).split(/\s+/);
  const flavour = spec.flavour ?? flavourOf(texts);
  requireCount(texts, flavour);
  const [second, minute, hour, dayOfMonth, month, dayOfWeek, year] =
    flavour === "unix" ? ["0", ...texts] : texts;
  const seconds = plainValues(partsOf(second!, SECOND), SECOND);
  const minutes = plainValues(partsOf(minute!, MINUTE), MINUTE);
  const hours = plainValues(partsOf(hour!, HOUR), HOUR);
  return {
    seconds: seconds.values,
    minutes: minutes.values,
    hours: hours.values,
    months: plainValues(partsOf(month!, MONTH), MONTH).values,
    years: year === undefined || year === "*" ? undefined : plainValues(partsOf(year, YEAR), YEAR).values,
    days: dayRule(dayOfMonth!, dayOfWeek!, flavour, spec.quirks),
    isElapsed: seconds.isWildcard || minutes.isWildcard || hours.isWildcard,
  };
}

function flavourOf(texts: readonly string[]): CronFlavour {
  if (texts.length <= 5) return "unix";
  return texts.length >= 7 || texts.includes("?") ? "quartz" : "seconds";
}

function requireCount(texts: readonly string[], flavour: CronFlavour): void {
  const counts = { unix: [5], seconds: [6], quartz: [6, 7] }[flavour];
  if (counts.includes(texts.length)) return;
  const order = `${flavour === "unix" ? "" : "second "}minute hour day-of-month month day-of-week`;
  throw malformed(
    `has ${texts.length} field(s); the ${flavour} flavour takes ${counts.join(" or ")}: ${order}${flavour === "quartz" ? " [year]" : ""}.`,
  );
}

function partsOf(text: string, rule: FieldRule): string[] {
  const parts = text.split(",");
  if (parts.includes("")) throw refusal(text, rule);
  return parts;
}

function dayRule(
  dayOfMonth: string,
  dayOfWeek: string,
  flavour: CronFlavour,
  quirks: DayRule["quirks"],
): DayRule {
  if (flavour === "quartz" && (dayOfMonth === "?") === (dayOfWeek === "?")) {
    throw malformed('exactly one of day of month and day of week must be "?" in the quartz flavour.');
  }
  const rule = flavour === "quartz" ? QUARTZ_DAY_OF_WEEK : DAY_OF_WEEK;
  return {
    monthDays: isFree(dayOfMonth) ? undefined : partsOf(dayOfMonth, DAY_OF_MONTH).flatMap(monthDayParts),
    weekdays: isFree(dayOfWeek)
      ? undefined
      : partsOf(dayOfWeek, rule).flatMap((part) => weekdayParts(part, rule)),
    // As in Vixie's cron: a field that begins with a wildcard narrows the other, two lists widen each other.
    combine: dayOfMonth.startsWith("*") || dayOfWeek.startsWith("*") ? "and" : "or",
    quirks,
  };
}

function isFree(text: string): boolean {
  return text === "*" || text === "?";
}

function monthDayParts(text: string): MonthDayPart[] {
  const upper = text.toUpperCase();
  const last = /^L(?:-([0-9]{1,2}))?(W)?$/.exec(upper);
  if (last !== null) {
    const day = Number(last[1] ?? 0);
    if (day > LAST_DAY_OFFSET_MAX) throw refusal(text, DAY_OF_MONTH);
    return [{ day, fromEnd: true, isNearestWeekday: last[2] !== undefined }];
  }
  const nearest = /^([0-9]{1,2})W$/.exec(upper);
  if (nearest !== null) {
    return [{ day: fieldValue(nearest[1]!, text, DAY_OF_MONTH), fromEnd: false, isNearestWeekday: true }];
  }
  return plainValues([text], DAY_OF_MONTH).values.map((day) => ({
    day,
    fromEnd: false,
    isNearestWeekday: false,
  }));
}

function weekdayParts(text: string, rule: FieldRule): WeekdayPart[] {
  const weekday = (written: string): number => (fieldValue(written, text, rule) - rule.firstName) % 7;
  if (text.toUpperCase() === "L" && rule === QUARTZ_DAY_OF_WEEK) return [{ weekday: 6 }];
  const last = /^([0-9]|[a-z]{3})L$/i.exec(text);
  if (last !== null) return [{ weekday: weekday(last[1]!), nth: "last" }];
  const nth = /^([0-9]|[a-z]{3})#([1-5])$/i.exec(text);
  if (nth !== null) return [{ weekday: weekday(nth[1]!), nth: Number(nth[2]) }];
  return plainValues([text], rule).values.map((value) => ({ weekday: (value - rule.firstName) % 7 }));
}
