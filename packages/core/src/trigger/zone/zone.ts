import { FixedOffsetZone, IANAZone } from "luxon";
import type { EpochMs } from "../../clock/clock.js";
import { TriggerError } from "../../errors/errors.js";

/** A stretch of time in which a zone's offset from UTC does not change. */
export interface ZoneSegment {
  /** Inclusive, epoch ms. */
  readonly from: EpochMs;
  /** Exclusive, epoch ms. */
  readonly to: EpochMs;
  /** Local time is UTC plus this, ms. */
  readonly offset: number;
}

/** Where a zone's offsets are read. Luxon's zones are such; its types are no part of ours, which users compile with. */
export interface OffsetSource {
  /** Whether the offset never changes. */
  readonly isUniversal: boolean;
  /** From UTC at an instant, minutes. */
  offset(instant: EpochMs): number;
}

/** A local wall-clock time, written as the epoch ms that it would be in UTC. */
export type LocalMs = number;

const DAY_MS = 86_400_000;

/** How much of a zone is read at once: about a year. Segments end at these seams too, with the same offset beyond. */
const CHUNK_MS = 372 * DAY_MS;

/** No zone is further from UTC, so a local time lies within this of the instant. */
const LARGEST_OFFSET_MS = 26 * 3_600_000;

/**
 * A time zone as a table of segments, read a year at a time from the time zone database that the runtime carries.
 *
 * No zone has changed its offset twice within a day, so a reading a day finds every change; where two readings differ
 * the change is found to the millisecond by halving.
 */
export class Zone {
  readonly name: string;
  readonly #offsetAt: (instant: EpochMs) => number;
  readonly #chunks = new Map<number, readonly ZoneSegment[]>();
  #last: ZoneSegment | undefined;

  constructor(name: string, zone: OffsetSource) {
    this.name = name;
    const fixed = zone.isUniversal ? minutesToMs(zone.offset(0)) : undefined;
    this.#offsetAt = (instant) => minutesToMs(zone.offset(instant));
    if (fixed !== undefined) {
      this.#last = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY, offset: fixed };
    }
  }

  /** The segment that an instant lies in. */
  segmentAt(instant: EpochMs): ZoneSegment {
    const last = this.#last;
    if (last !== undefined && instant >= last.from && instant < last.to) return last;
    const chunk = this.#chunk(Math.floor(instant / CHUNK_MS));
    let index = chunk.length - 1;
    while (chunk[index]!.from > instant) index -= 1;
    this.#last = chunk[index]!;
    return this.#last;
  }

  /** The segment after this one; `undefined` for a zone whose offset is always the same. */
  after(segment: ZoneSegment): ZoneSegment | undefined {
    return segment.to === Number.POSITIVE_INFINITY ? undefined : this.segmentAt(segment.to);
  }

  /** The segment before this one; `undefined` for a zone whose offset is always the same. */
  before(segment: ZoneSegment): ZoneSegment | undefined {
    return segment.from === Number.NEGATIVE_INFINITY ? undefined : this.segmentAt(segment.from - 1);
  }

  /** The local time at an instant. */
  toLocal(instant: EpochMs): LocalMs {
    return instant + this.segmentAt(instant).offset;
  }

  /** The instant of a local time: of two the first, and the first one after a gap for a time that does not exist. */
  toInstant(local: LocalMs): EpochMs {
    let segment: ZoneSegment | undefined = this.segmentAt(local - LARGEST_OFFSET_MS);
    for (; segment !== undefined; segment = this.after(segment)) {
      if (local >= segment.to + segment.offset) continue;
      return Math.max(segment.from, local - segment.offset);
    }
    return local;
  }

  /** The offset changes in `[from, to)`, oldest first. */
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

  #chunk(index: number): readonly ZoneSegment[] {
    const known = this.#chunks.get(index);
    if (known !== undefined) return known;
    const chunk = this.#read(index * CHUNK_MS, (index + 1) * CHUNK_MS);
    this.#chunks.set(index, chunk);
    return chunk;
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

  /** The first instant in `(low, high]` at which the offset is not `offset` any more. */
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
 * The zone of that name, shared by all that ask.
 *
 * @param name - an IANA name such as `Europe/London`, or a fixed offset such as `UTC+3`
 * @throws TriggerError TIMEZONE_UNKNOWN
 */
export function zoneOf(name: string): Zone {
  const known = zones.get(name);
  if (known !== undefined) return known;
  const luxon =
    FixedOffsetZone.parseSpecifier(name) ?? (IANAZone.isValidZone(name) ? IANAZone.create(name) : null);
  if (luxon === null) {
    throw new TriggerError(
      "TIMEZONE_UNKNOWN",
      `timezone: "${name.slice(0, 64)}" is not a name of the IANA time zone database, such as Europe/London or UTC.`,
      { field: "timezone" },
    );
  }
  const zone = new Zone(name, luxon);
  zones.set(name, zone);
  return zone;
}

/** The version of the time zone database that this runtime computes with, such as `2026b`. */
export function tzdataVersion(): string {
  return process.versions.tz ?? "unknown";
}

function minutesToMs(minutes: number): number {
  return Math.round(minutes * 60_000);
}
