import type { EpochMs } from "../../clock/clock.js";
import { TriggerError } from "../../errors/errors.js";
import { DAY_MS, dateOf, dayNumberAt, dayNumberOf, type LocalMs, yearType } from "../civil.js";
import { fixedOffset, offsetReader } from "./offset.js";

/** A stretch of time in which a zone's offset from UTC does not change. */
export interface ZoneSegment {
  /** Inclusive, epoch ms. */
  readonly from: EpochMs;
  /** Exclusive, epoch ms. */
  readonly to: EpochMs;
  /** Added to UTC, gives local time, ms. */
  readonly offset: number;
}

/** No zone's offset from UTC is larger, so a local time lies within this of its instant. */
const LARGEST_OFFSET_MS = 26 * 3_600_000;

/** The time zone database has no data for earlier years: before this a zone is on its local mean time. */
const FIRST_YEAR = 1_800;

/**
 * From this year on the database has only rules that repeat each year (its last table of dates ends in 2087),
 * so that two years of the same length that begin on the same weekday have the same changes.
 */
const RULES_YEAR = 2_200;

/** The instant from which on a zone repeats itself with the calendar, every 400 years. */
export const REPEATS_FROM: EpochMs = yearStart(RULES_YEAR);

/**
 * These 28 years, which contain no irregular century, cover every combination of length and first weekday.
 */
const TYPICAL_YEARS = Array.from({ length: 28 }, (_, index) => RULES_YEAR + 4 + index);

const typicalYears = new Map(TYPICAL_YEARS.map((year) => [yearType(year), year]));

/**
 * A time zone as a table of segments, read a year at a time from the runtime's time zone database.
 *
 * No zone has changed its offset twice within a day, so reading it once a day finds every change; if two
 * readings differ, bisection finds the change to the millisecond. Years of the far future are copies of years
 * that were read.
 */
export class Zone {
  readonly name: string;
  readonly #offsetAt: (instant: EpochMs) => number;
  readonly #years = new Map<number, readonly ZoneSegment[]>();
  #last: ZoneSegment | undefined;
  readonly #before = new WeakMap<ZoneSegment, ZoneSegment>();
  readonly #after = new WeakMap<ZoneSegment, ZoneSegment>();

  constructor(name: string, offset: number | ((instant: EpochMs) => number)) {
    this.name = name;
    if (typeof offset === "function") {
      this.#offsetAt = offset;
    } else {
      this.#offsetAt = () => offset;
      this.#last = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY, offset };
    }
  }

  /** Returns the segment that contains an instant. */
  segmentAt(instant: EpochMs): ZoneSegment {
    const last = this.#last;
    if (last !== undefined && instant >= last.from && instant < last.to) return last;
    this.#last = this.#find(instant);
    return this.#last;
  }

  /** Returns the segment after this one; `undefined` for a zone whose offset is always the same. */
  after(segment: ZoneSegment): ZoneSegment | undefined {
    if (segment.to === Number.POSITIVE_INFINITY) return undefined;
    return this.#neighbour(this.#after, segment, segment.to);
  }

  /** Returns the segment before this one; `undefined` for a zone whose offset is always the same. */
  before(segment: ZoneSegment): ZoneSegment | undefined {
    if (segment.from === Number.NEGATIVE_INFINITY) return undefined;
    return this.#neighbour(this.#before, segment, segment.from - 1);
  }

  /** Returns the local time at an instant. */
  toLocal(instant: EpochMs): LocalMs {
    return instant + this.segmentAt(instant).offset;
  }

  /**
   * Returns the instant of a local time: the first if there are two, or the first after the gap if it does
   * not exist.
   */
  toInstant(local: LocalMs): EpochMs {
    let segment: ZoneSegment | undefined = this.segmentAt(local - LARGEST_OFFSET_MS);
    for (; segment !== undefined; segment = this.after(segment)) {
      if (local >= segment.to + segment.offset) continue;
      return Math.max(segment.from, local - segment.offset);
    }
    return local;
  }

  /** Returns the offset changes in `[from, to)`, oldest first. */
  changes(from: EpochMs, to: EpochMs): { at: EpochMs; before: number; after: number }[] {
    const changes: { at: EpochMs; before: number; after: number }[] = [];
    let segment = this.segmentAt(from);
    for (let next = this.after(segment); next !== undefined && next.from < to; next = this.after(segment)) {
      if (next.offset !== segment.offset)
        changes.push({ at: next.from, before: segment.offset, after: next.offset });
      segment = next;
    }
    return changes;
  }

  /** Returns the segment beside another one: asked for with each occurrence, so it is remembered. */
  #neighbour(known: WeakMap<ZoneSegment, ZoneSegment>, segment: ZoneSegment, instant: EpochMs): ZoneSegment {
    const neighbour = known.get(segment) ?? this.#find(instant);
    known.set(segment, neighbour);
    return neighbour;
  }

  #find(instant: EpochMs): ZoneSegment {
    const segments = this.#segmentsOf(dateOf(dayNumberAt(instant)).year);
    let index = segments.length - 1;
    while (segments[index]!.from > instant) index -= 1;
    return segments[index]!;
  }

  #segmentsOf(year: number): readonly ZoneSegment[] {
    if (year < FIRST_YEAR) {
      const to = yearStart(FIRST_YEAR);
      return [{ from: Number.NEGATIVE_INFINITY, to, offset: this.#offsetAt(to) }];
    }
    if (year < RULES_YEAR) return this.#known(year);
    const typical = typicalYears.get(yearType(year))!;
    const shift = yearStart(year) - yearStart(typical);
    return this.#known(typical).map(({ from, to, offset }) => ({
      from: from + shift,
      to: to + shift,
      offset,
    }));
  }

  #known(year: number): readonly ZoneSegment[] {
    const known = this.#years.get(year);
    if (known !== undefined) return known;
    const segments = this.#read(yearStart(year), yearStart(year + 1));
    this.#years.set(year, segments);
    return segments;
  }

  #read(start: EpochMs, end: EpochMs): ZoneSegment[] {
    const segments: ZoneSegment[] = [];
    let from = start;
    let offset = this.#offsetAt(start);
    for (let probe = start + DAY_MS; probe <= end; probe += DAY_MS) {
      const probed = this.#offsetAt(probe);
      if (probed === offset) continue;
      const at = this.#findChange(probe - DAY_MS, probe, offset);
      if (at >= end) break;
      segments.push({ from, to: at, offset });
      from = at;
      offset = probed;
    }
    segments.push({ from, to: end, offset });
    return segments;
  }

  /** Returns the first instant in `(low, high]` at which the offset is no longer `offset`. */
  #findChange(low: EpochMs, high: EpochMs, offset: number): EpochMs {
    let before = low;
    let after = high;
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (this.#offsetAt(middle) === offset) before = middle;
      else after = middle;
    }
    return after;
  }
}

const zones = new Map<string, Zone>();

/**
 * Returns the zone with that name; callers share one object.
 *
 * @param name - an IANA name such as `Europe/London`, or a fixed offset from `UTC-12` to `UTC+14`, such as
 *   `UTC+5:30`
 * @throws TriggerError TIMEZONE_UNKNOWN
 */
export function zoneOf(name: string): Zone {
  const known = zones.get(name);
  if (known !== undefined) return known;
  const offset = /^utc/i.test(name) ? fixedOffset(name.slice(3)) : offsetReader(name);
  if (offset === undefined) {
    throw new TriggerError(
      "TIMEZONE_UNKNOWN",
      `timezone: "${name.slice(0, 64)}" is not a name of the IANA time zone database, such as Europe/London or UTC, nor an offset from UTC-12 to UTC+14.`,
      { field: "timezone" },
    );
  }
  const zone = new Zone(name, offset);
  zones.set(name, zone);
  return zone;
}

/** Returns the version of the time zone database that this runtime uses, such as `2026b`. */
export function tzdataVersion(): string {
  return process.versions.tz ?? "unknown";
}

function yearStart(year: number): EpochMs {
  return dayNumberOf(year, 1, 1) * DAY_MS;
}
