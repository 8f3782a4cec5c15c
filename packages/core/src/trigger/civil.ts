/** A local wall-clock time, written as the epoch ms that it would have in UTC. */
export type LocalMs = number;

/** Milliseconds of a local day: a calendar day, whatever its length in elapsed time. */
export const DAY_MS = 86_400_000;

/** A date of the proleptic Gregorian calendar. */
export interface CivilDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
}

/** Returns the days since 1970-01-01 of a date. Months and days outside their range carry over. */
export function dayNumberOf(year: number, month: number, day: number): number {
  const months = year * 12 + (month - 1);
  const civilYear = Math.floor(months / 12);
  const civilMonth = months - civilYear * 12 + 1;
  // Counting years from March puts the leap day last (Howard Hinnant, "chrono-compatible low-level date
  // algorithms").
  const shiftedYear = civilMonth <= 2 ? civilYear - 1 : civilYear;
  const era = Math.floor(shiftedYear / 400);
  const yearOfEra = shiftedYear - era * 400;
  const dayOfYear = Math.floor((153 * (civilMonth + (civilMonth > 2 ? -3 : 9)) + 2) / 5);
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468 + (day - 1);
}

/** Returns the date of a number of days since 1970-01-01. */
export function dateOf(dayNumber: number): CivilDate {
  const shifted = dayNumber + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1_460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}

/** Returns the number of days in a month. */
export function daysInMonth(year: number, month: number): number {
  return dayNumberOf(year, month + 1, 1) - dayNumberOf(year, month, 1);
}

/** Returns the day number of a date some months later: the same day, or the last of a month that is too short. */
export function monthsAfter({ year, month, day }: CivilDate, months: number): number {
  const count = year * 12 + (month - 1) + months;
  const atYear = Math.floor(count / 12);
  const atMonth = count - atYear * 12 + 1;
  return dayNumberOf(atYear, atMonth, Math.min(day, daysInMonth(atYear, atMonth)));
}

/** Returns the day of the week of a number of days since 1970-01-01: 0 is Sunday. */
export function weekdayOf(dayNumber: number): number {
  return (((dayNumber + 4) % 7) + 7) % 7;
}

/** Returns the number of days since 1970-01-01 of a local time. */
export function dayNumberAt(local: LocalMs): number {
  return Math.floor(local / DAY_MS);
}

/** Returns the same number for years of the same length that begin on the same weekday: their calendars are the same. */
export function yearType(year: number): number {
  return 2 * weekdayOf(dayNumberOf(year, 1, 1)) + daysInMonth(year, 2) - 28;
}
