import { DAY_MS, dateOf, dayNumberOf, type LocalMs, yearType } from "../civil.js";
import { type DayMask, monthMask } from "./day-rule.js";
import type { CronFields } from "./parse.js";

/** The Gregorian calendar repeats after this many years. */
const CYCLE_YEARS = 400;
const CALENDAR_CYCLE_MONTHS = CYCLE_YEARS * 12;

const SECOND_MS = 1_000;
const NONE = -1;

/** A month and its matching days. */
interface Month {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly mask: DayMask;
  /** Number of the day before the first. */
  readonly dayBefore: number;
  /** Number of the last day. */
  readonly lastDay: number;
}

const NO_MONTH: Month = {
  year: Number.NaN,
  month: 0,
  mask: 0,
  dayBefore: 0,
  lastDay: Number.NEGATIVE_INFINITY,
};

/**
 * The local times that match a cron expression, on a calendar without zones: whole seconds, in order. Does
 * not allocate within a day.
 */
export class LocalTimes {
  readonly #fields: CronFields;
  readonly #months: ReadonlySet<number>;
  readonly #years: ReadonlySet<number> | undefined;
  readonly #nextHour: Int8Array;
  readonly #nextMinute: Int8Array;
  readonly #nextSecond: Int8Array;
  readonly #previousHour: Int8Array;
  readonly #previousMinute: Int8Array;
  readonly #previousSecond: Int8Array;
  readonly #hoursBefore: Int8Array;
  readonly #minutesBefore: Int8Array;
  readonly #secondsBefore: Int8Array;
  /** The months checked last: two, since a schedule's next time and its last one may lie on both sides of a month's end. */
  #recent = NO_MONTH;
  #former = NO_MONTH;
  #cycle: Uint32Array | undefined;

  constructor(fields: CronFields) {
    this.#fields = fields;
    this.#months = new Set(fields.months);
    this.#years = fields.years === undefined ? undefined : new Set(fields.years);
    this.#nextHour = nextTable(fields.hours, 24);
    this.#nextMinute = nextTable(fields.minutes, 60);
    this.#nextSecond = nextTable(fields.seconds, 60);
    this.#previousHour = previousTable(fields.hours, 24);
    this.#previousMinute = previousTable(fields.minutes, 60);
    this.#previousSecond = previousTable(fields.seconds, 60);
    this.#hoursBefore = countTable(fields.hours, 24);
    this.#minutesBefore = countTable(fields.minutes, 60);
    this.#secondsBefore = countTable(fields.seconds, 60);
  }

  /** Returns the first match at or after a local time; `undefined` if the calendar has none. */
  atOrAfter(local: LocalMs): LocalMs | undefined {
    const day = Math.floor(local / DAY_MS);
    if (this.#matchesDay(day)) {
      const second = this.#secondAtOrAfter(Math.ceil((local - day * DAY_MS) / SECOND_MS));
      if (second !== NONE) return day * DAY_MS + second * SECOND_MS;
    }
    const next = this.#dayAtOrAfter(day + 1);
    return next === undefined ? undefined : next * DAY_MS + this.#secondAtOrAfter(0) * SECOND_MS;
  }

  /** Returns the last match at or before a local time; `undefined` if the calendar has none. */
  atOrBefore(local: LocalMs): LocalMs | undefined {
    const day = Math.floor(local / DAY_MS);
    if (this.#matchesDay(day)) {
      const second = this.#secondAtOrBefore(Math.floor((local - day * DAY_MS) / SECOND_MS));
      if (second !== NONE) return day * DAY_MS + second * SECOND_MS;
    }
    const previous = this.#dayAtOrBefore(day - 1);
    return previous === undefined
      ? undefined
      : previous * DAY_MS + this.#secondAtOrBefore(86_399) * SECOND_MS;
  }

  /** Counts the matches in `[from, to)`. */
  count(from: LocalMs, to: LocalMs): number {
    return to <= from ? 0 : this.#countBefore(to) - this.#countBefore(from);
  }

  /** Counts the matches before a local time, from an origin that is the same for all. */
  #countBefore(local: LocalMs): number {
    const day = Math.floor(local / DAY_MS);
    const second = Math.ceil((local - day * DAY_MS) / SECOND_MS);
    const today = this.#matchesDay(day) ? this.#countInDay(second) : 0;
    return this.#daysBefore(day) * this.#countInDay(86_400) + today;
  }

  /** Counts the matches on a matching day before one of its seconds. */
  #countInDay(second: number): number {
    const { minutes, seconds } = this.#fields;
    const hour = Math.floor(second / 3_600);
    const minute = Math.floor(second / 60) % 60;
    const whole = this.#hoursBefore[hour]! * minutes.length * seconds.length;
    if (this.#nextHour[hour] !== hour) return whole;
    const inMinute = this.#nextMinute[minute] === minute ? this.#secondsBefore[second % 60]! : 0;
    return whole + this.#minutesBefore[minute]! * seconds.length + inMinute;
  }

  /** Counts the matching days before a day, from the start of the 400-year cycle that begins in 2000. */
  #daysBefore(day: number): number {
    const { year, month, mask, dayBefore } = this.#monthOf(day);
    const cycle = Math.floor((year - 2_000) / CYCLE_YEARS);
    const inCycle = this.#monthsOfCycle();
    const monthOfCycle = (year - 2_000 - cycle * CYCLE_YEARS) * 12 + month - 1;
    const whole =
      this.#years === undefined
        ? cycle * inCycle.at(-1)! + inCycle[monthOfCycle]!
        : this.#inYears(year, month);
    return whole + bitCount(mask & ((1 << (day - dayBefore)) - 1));
  }

  /** Returns, for each month of the cycle, how many days match before it. */
  #monthsOfCycle(): Uint32Array {
    if (this.#cycle !== undefined) return this.#cycle;
    const before = new Uint32Array(CALENDAR_CYCLE_MONTHS + 1);
    // Years of the same length that begin on the same weekday have the same days: 14 kinds instead of 400.
    const kinds = new Map<number, readonly number[]>();
    for (let year = 0; year < CYCLE_YEARS; year += 1) {
      const kind = yearType(2_000 + year);
      const counts = kinds.get(kind) ?? this.#countsOf(2_000 + year);
      kinds.set(kind, counts);
      for (let month = 0; month < 12; month += 1) {
        const at = year * 12 + month;
        before[at + 1] = before[at]! + counts[month]!;
      }
    }
    this.#cycle = before;
    return before;
  }

  /** Returns how many days match in each month of a year. */
  #countsOf(year: number): readonly number[] {
    return Array.from({ length: 12 }, (_, index) =>
      this.#months.has(index + 1) ? bitCount(monthMask(this.#fields.days, year, index + 1)) : 0,
    );
  }

  /** Counts the matching days before a month, for an expression that names its years. */
  #inYears(year: number, month: number): number {
    const inCycle = this.#monthsOfCycle();
    const upTo = (y: number, m: number): number =>
      inCycle[((((y - 2_000) % CYCLE_YEARS) + CYCLE_YEARS) % CYCLE_YEARS) * 12 + m]!;
    let days = 0;
    for (const open of this.#fields.years!) {
      if (open > year) break;
      days += upTo(open, open === year ? month - 1 : 12) - upTo(open, 0);
    }
    return days;
  }

  /** Returns whether any day of the calendar matches, which 30 February does not. Ignores years. */
  hasDays(): boolean {
    for (let month = 0; month < CALENDAR_CYCLE_MONTHS; month += 1) {
      const year = 2000 + Math.floor(month / 12);
      if (this.#months.has((month % 12) + 1) && monthMask(this.#fields.days, year, (month % 12) + 1) !== 0)
        return true;
    }
    return false;
  }

  #secondAtOrAfter(second: number): number {
    if (second >= 86_400) return NONE;
    const hour = Math.floor(second / 3_600);
    const minute = Math.floor(second / 60) % 60;
    const hit = this.#nextHour[hour]!;
    if (hit === NONE) return NONE;
    if (hit > hour) return hit * 3_600 + this.#nextMinute[0]! * 60 + this.#nextSecond[0]!;
    let inMinute = this.#nextMinute[minute]!;
    if (inMinute === minute) {
      const inSecond = this.#nextSecond[second % 60]!;
      if (inSecond !== NONE) return hour * 3_600 + minute * 60 + inSecond;
      inMinute = this.#nextMinute[minute + 1]!;
    }
    if (inMinute !== NONE) return hour * 3_600 + inMinute * 60 + this.#nextSecond[0]!;
    const later = this.#nextHour[hour + 1]!;
    return later === NONE ? NONE : later * 3_600 + this.#nextMinute[0]! * 60 + this.#nextSecond[0]!;
  }

  #secondAtOrBefore(second: number): number {
    const hour = Math.floor(second / 3_600);
    const minute = Math.floor(second / 60) % 60;
    const hit = this.#previousHour[hour]!;
    if (hit === NONE) return NONE;
    const lastMinute = this.#previousMinute[59]!;
    const lastSecond = this.#previousSecond[59]!;
    if (hit < hour) return hit * 3_600 + lastMinute * 60 + lastSecond;
    let inMinute = this.#previousMinute[minute]!;
    if (inMinute === minute) {
      const inSecond = this.#previousSecond[second % 60]!;
      if (inSecond !== NONE) return hour * 3_600 + minute * 60 + inSecond;
      inMinute = minute === 0 ? NONE : this.#previousMinute[minute - 1]!;
    }
    if (inMinute !== NONE) return hour * 3_600 + inMinute * 60 + lastSecond;
    const earlier = hour === 0 ? NONE : this.#previousHour[hour - 1]!;
    return earlier === NONE ? NONE : earlier * 3_600 + lastMinute * 60 + lastSecond;
  }

  #matchesDay(dayNumber: number): boolean {
    const { mask, dayBefore } = this.#monthOf(dayNumber);
    return ((mask >>> (dayNumber - dayBefore)) & 1) === 1;
  }

  #dayAtOrAfter(dayNumber: number): number | undefined {
    const begin = this.#monthOf(dayNumber);
    let { year, month } = begin;
    let day = dayNumber - begin.dayBefore;
    for (let looked = 0; looked <= CALENDAR_CYCLE_MONTHS; looked += 1) {
      if (this.#years !== undefined && year > this.#fields.years!.at(-1)!) return undefined;
      const { mask, dayBefore } = this.#monthAt(year, month);
      const rest = mask & (-1 << day);
      if (rest !== 0) return dayBefore + 31 - Math.clz32(rest & -rest);
      day = 1;
      month += 1;
      if (month > 12) {
        month = 1;
        year += 1;
      }
    }
    return undefined;
  }

  #dayAtOrBefore(dayNumber: number): number | undefined {
    const begin = this.#monthOf(dayNumber);
    let { year, month } = begin;
    let day = dayNumber - begin.dayBefore;
    for (let looked = 0; looked <= CALENDAR_CYCLE_MONTHS; looked += 1) {
      if (this.#years !== undefined && year < this.#fields.years![0]!) return undefined;
      const { mask, dayBefore } = this.#monthAt(year, month);
      const rest = day === 31 ? mask : mask & ((1 << (day + 1)) - 1);
      if (rest !== 0) return dayBefore + 31 - Math.clz32(rest);
      day = 31;
      month -= 1;
      if (month < 1) {
        month = 12;
        year -= 1;
      }
    }
    return undefined;
  }

  /** Returns the month of a day. */
  #monthOf(dayNumber: number): Month {
    if (contains(this.#recent, dayNumber)) return this.#recent;
    if (contains(this.#former, dayNumber)) return this.#swap();
    const { year, month } = dateOf(dayNumber);
    return this.#monthAt(year, month);
  }

  #monthAt(year: number, month: number): Month {
    if (month === this.#recent.month && year === this.#recent.year) return this.#recent;
    if (month === this.#former.month && year === this.#former.year) return this.#swap();
    const isOpen = this.#months.has(month) && (this.#years === undefined || this.#years.has(year));
    this.#former = this.#recent;
    this.#recent = {
      year,
      month,
      mask: isOpen ? monthMask(this.#fields.days, year, month) : 0,
      dayBefore: dayNumberOf(year, month, 1) - 1,
      lastDay: dayNumberOf(year, month + 1, 1) - 1,
    };
    return this.#recent;
  }

  #swap(): Month {
    const month = this.#former;
    this.#former = this.#recent;
    this.#recent = month;
    return month;
  }
}

function contains({ dayBefore, lastDay }: Month, dayNumber: number): boolean {
  return dayNumber > dayBefore && dayNumber <= lastDay;
}

/**
 * Maps each value to the smallest allowed one that is not smaller, or -1. One entry longer than the range.
 */
function nextTable(allowed: readonly number[], size: number): Int8Array {
  const table = new Int8Array(size + 1).fill(NONE);
  for (let value = size - 1; value >= 0; value -= 1) {
    table[value] = allowed.includes(value) ? value : table[value + 1]!;
  }
  return table;
}

/** Maps each value to the largest allowed one that is not larger, or -1. */
function previousTable(allowed: readonly number[], size: number): Int8Array {
  const table = new Int8Array(size).fill(NONE);
  for (let value = 0; value < size; value += 1) {
    table[value] = allowed.includes(value) ? value : value === 0 ? NONE : table[value - 1]!;
  }
  return table;
}

/** Maps each value to the number of smaller allowed ones. One entry longer than the range. */
function countTable(allowed: readonly number[], size: number): Int8Array {
  const table = new Int8Array(size + 1);
  for (let value = 0; value < size; value += 1) {
    table[value + 1] = table[value]! + (allowed.includes(value) ? 1 : 0);
  }
  return table;
}

function bitCount(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
