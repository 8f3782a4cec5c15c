import type { EpochMs } from "../../clock/clock.js";
import { TriggerError } from "../../errors/errors.js";
import { DAY_MS, type LocalMs } from "../civil.js";
import { datable, type Trigger } from "../trigger.js";
import type { CronTriggerSpec, DstPolicy } from "../trigger-spec.js";
import { REPEATS_FROM, type Zone, type ZoneSegment } from "../zone/zone.js";
import { LocalTimes } from "./local-times.js";
import { type CronFields, parseCron } from "./parse.js";

/** Settings that reproduce each version of Quartz, including its defects. */
export const QUARTZ_PRESETS = {
  "2.5.0": { flavour: "quartz", dst: "quartz", quirks: "quartz-2.5.0" },
  "2.5.1": { flavour: "quartz", dst: "quartz", quirks: "quartz-2.5.1" },
  "2.5.2": { flavour: "quartz", dst: "quartz" },
} as const satisfies Readonly<Record<string, Partial<CronTriggerSpec>>>;

/** The settings of the current version of Quartz, 2.5.2. */
export const QUARTZ_PRESET = QUARTZ_PRESETS["2.5.2"];

/** How far before the time it is looking for a jump over empty segments lands. */
const JUMP_MARGIN_MS = 3 * DAY_MS;

/** 400 years, in which calendar and zone repeat themselves, and a day more. */
const CYCLE_MS = 146_098 * DAY_MS;

/**
 * Returns the policy that applies to an expression: elapsed time has neither gaps nor folds, and Quartz skips
 * the gap and takes the last time of a fold, whatever the expression.
 */
export function dstPolicyOf(spec: Pick<CronTriggerSpec, "dst">, fields: CronFields): Required<DstPolicy> {
  if (spec.dst === "quartz") return { gap: "skip", fold: "last" };
  if (fields.isElapsed) return { gap: "skip", fold: "both" };
  return { gap: spec.dst?.gap ?? "shift", fold: spec.dst?.fold ?? "first" };
}

/**
 * The instants of a cron expression in a zone.
 *
 * Within a segment of constant offset, instants are local matches. At its edges the policy decides: if the
 * offset grows, the segment's first instant may stand in for the times of the gap; if it shrinks, the
 * repeated local time is cut off the end of the earlier segment (fold: last) or the beginning of the later
 * (fold: first).
 *
 * @throws TriggerError TRIGGER_INVALID; TRIGGER_EXHAUSTED if no day of the calendar matches
 */
export class CronTrigger implements Trigger {
  readonly fields: CronFields;
  readonly policy: Required<DstPolicy>;
  readonly #times: LocalTimes;
  readonly #zone: Zone;

  /** @internal `compileTrigger` makes triggers */
  constructor(spec: CronTriggerSpec, zone: Zone) {
    this.fields = parseCron(spec);
    this.policy = dstPolicyOf(spec, this.fields);
    this.#times = new LocalTimes(this.fields);
    this.#zone = zone;
    if (this.#times.hasDays()) return;
    throw new TriggerError("TRIGGER_EXHAUSTED", "trigger.expression: no day of the calendar matches it.", {
      field: "trigger.expression",
    });
  }

  next(after: EpochMs): EpochMs | undefined {
    // A time that each year falls in a gap, which is skipped, never comes.
    const end = Math.max(after, REPEATS_FROM) + CYCLE_MS;
    let segment: ZoneSegment | undefined = this.#zone.segmentAt(after);
    while (segment !== undefined && segment.from <= end) {
      if (segment.from > after && this.#standsForGap(segment)) return segment.from;
      const local = this.#times.atOrAfter(Math.max(after + 1 + segment.offset, this.#localStart(segment)));
      if (local !== undefined && local < this.#localEnd(segment)) return datable(local - segment.offset);
      segment = this.#laterSegment(segment, local);
    }
    return undefined;
  }

  previous(before: EpochMs): EpochMs | undefined {
    const end = before - CYCLE_MS;
    let segment: ZoneSegment | undefined = this.#zone.segmentAt(before - 1);
    while (segment !== undefined) {
      if (segment.to < end && segment.from > REPEATS_FROM) segment = this.#zone.segmentAt(REPEATS_FROM);
      const local = this.#times.atOrBefore(Math.min(before + segment.offset, this.#localEnd(segment)) - 1);
      if (local !== undefined && local >= this.#localStart(segment)) return datable(local - segment.offset);
      if (this.#standsForGap(segment)) return segment.from;
      segment = this.#earlierSegment(segment, local);
    }
    return undefined;
  }

  count(after: EpochMs, upTo: EpochMs): number {
    let count = 0;
    let segment: ZoneSegment | undefined = this.#zone.segmentAt(after);
    for (; segment !== undefined && segment.from <= upTo; segment = this.#zone.after(segment)) {
      const from = Math.max(after + 1 + segment.offset, this.#localStart(segment));
      const to = Math.min(upTo + 1 + segment.offset, this.#localEnd(segment));
      count += this.#times.count(from, to);
      const standsIn = segment.from > after && this.#standsForGap(segment);
      const start = segment.from + segment.offset;
      if (standsIn && this.#times.atOrAfter(start) !== start) count += 1;
    }
    return count;
  }

  /**
   * Returns the first local time that counts: with `fold: "first"`, times that the segment before already had
   * do not.
   */
  #localStart(segment: ZoneSegment): LocalMs {
    const start = segment.from + segment.offset;
    if (this.policy.fold !== "first") return start;
    const before = this.#zone.before(segment);
    return before === undefined ? start : segment.from + Math.max(segment.offset, before.offset);
  }

  /**
   * Returns where local times stop counting: with `fold: "last"`, times that the segment after repeats do
   * not.
   */
  #localEnd(segment: ZoneSegment): LocalMs {
    const end = segment.to + segment.offset;
    if (this.policy.fold !== "last") return end;
    const after = this.#zone.after(segment);
    return after === undefined ? end : segment.to + Math.min(segment.offset, after.offset);
  }

  /** Returns whether a match lies in the gap before the segment, so that its first instant stands in. */
  #standsForGap(segment: ZoneSegment): boolean {
    if (this.policy.gap !== "shift") return false;
    const before = this.#zone.before(segment);
    if (before === undefined || before.offset >= segment.offset) return false;
    const match = this.#times.atOrAfter(segment.from + before.offset);
    return match !== undefined && match < segment.from + segment.offset;
  }

  /**
   * Returns the next segment that may have the match, jumping to far ones. A segment that repeats local times
   * is not skipped: it may repeat a match of this one.
   */
  #laterSegment(segment: ZoneSegment, match: LocalMs | undefined): ZoneSegment | undefined {
    const following = this.#zone.after(segment);
    if (following !== undefined && following.offset < segment.offset) return following;
    if (match === undefined) return undefined;
    const near = match - segment.offset - JUMP_MARGIN_MS;
    return near > segment.to ? this.#zone.segmentAt(near) : following;
  }

  #earlierSegment(segment: ZoneSegment, match: LocalMs | undefined): ZoneSegment | undefined {
    const preceding = this.#zone.before(segment);
    if (preceding !== undefined && preceding.offset > segment.offset) return preceding;
    if (match === undefined) return undefined;
    const near = match - segment.offset + JUMP_MARGIN_MS;
    return near < segment.from ? this.#zone.segmentAt(near) : preceding;
  }
}
