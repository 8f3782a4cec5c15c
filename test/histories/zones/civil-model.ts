/**
 * A second reading of local times, by brute force: minute by minute, as `Intl` says what the clocks of a zone show. It
 * shares no code with the library.
 */

const MINUTE = 60_000;
const DAY = 1_440;

/** A trigger, and what the documentation says of it. Times of day are in minutes. */
export type ModelTrigger =
  /** At a time of day, on these days of the week (0 is Sunday). */
  | { readonly at: number; readonly weekdays: readonly number[] }
  /** Every so many days, from an instant on. */
  | { readonly everyDays: number; readonly anchor: number }
  /** Every so many minutes of elapsed time, from an instant on. */
  | { readonly everyMinutes: number; readonly anchor: number };

/** Clocks are changed at whole quarters of an hour, minutes. */
const QUARTER = 15;

/** The clocks of a zone between two instants: what they show, in minutes since 1970, by minutes since the first. */
class Clocks {
  readonly from: number;
  readonly shown: Int32Array;
  /** By what they show: the first minute at which they do. */
  readonly #first = new Map<number, number>();

  constructor(zone: string, from: number, to: number) {
    const format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
    });
    this.from = from;
    this.shown = new Int32Array((to - from) / MINUTE);
    let shown = 0;
    for (let minute = 0; minute < this.shown.length; minute += 1) {
      shown = minute % QUARTER === 0 ? shownAt(format, from + minute * MINUTE) : shown + 1;
      this.shown[minute] = shown;
      if (!this.#first.has(shown)) this.#first.set(shown, minute);
    }
  }

  /** Returns the first instant at which they show a time, or the first after it if they leave it out. */
  instantOf(local: number): number | undefined {
    for (let shown = local; shown < local + DAY; shown += 1) {
      const minute = this.#first.get(shown);
      if (minute !== undefined) return this.from + minute * MINUTE;
    }
    return undefined;
  }
}

function shownAt(format: Intl.DateTimeFormat, instant: number): number {
  const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
  const [year, month, day] = [parts.get("year")!, parts.get("month")!, parts.get("day")!];
  return Date.UTC(year, month - 1, day, parts.get("hour")!, parts.get("minute")!) / MINUTE;
}

const known = new Map<string, Clocks>();

function clocksOf(zone: string, from: number, to: number): Clocks {
  const key = `${zone} ${from} ${to}`;
  const clocks = known.get(key) ?? new Clocks(zone, from, to);
  known.set(key, clocks);
  return clocks;
}

/** Returns the instants at which a trigger cuts time between two instants, which both lie on days of UTC. */
export function cutsOf(trigger: ModelTrigger, zone: string, from: number, to: number): readonly number[] {
  const cuts = new Set<number>();
  if ("everyMinutes" in trigger) {
    for (let at = from; at < to; at += MINUTE)
      if ((at - trigger.anchor) % (trigger.everyMinutes * MINUTE) === 0) cuts.add(at);
    return [...cuts];
  }
  const clocks = clocksOf(zone, from, to);
  const first = Math.floor(clocks.shown[0]! / DAY) + 1;
  const last = Math.floor(clocks.shown.at(-1)! / DAY) - 1;
  const anchor = "anchor" in trigger ? clocks.shown[(trigger.anchor - from) / MINUTE]! : 0;
  for (let day = first; day <= last; day += 1) {
    // The first of January 1970 was a Thursday.
    const isDue =
      "at" in trigger
        ? trigger.weekdays.includes((day + 4) % 7)
        : (day - Math.floor(anchor / DAY)) % trigger.everyDays === 0;
    const time = "at" in trigger ? trigger.at : anchor % DAY;
    const instant = isDue ? clocks.instantOf(day * DAY + time) : undefined;
    if (instant !== undefined) cuts.add(instant);
  }
  return [...cuts].sort((a, b) => a - b);
}

/** Returns the instants between two at which the clocks of a zone are changed. */
export function changesOf(zone: string, from: number, to: number): readonly number[] {
  const { shown } = clocksOf(zone, from, to);
  const changes: number[] = [];
  for (let minute = 1; minute < shown.length; minute += 1)
    if (shown[minute]! - shown[minute - 1]! !== 1) changes.push(from + minute * MINUTE);
  return changes;
}
