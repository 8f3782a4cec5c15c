import type { EpochMs } from "../clock/clock.js";
import { DAY_MS, type LocalMs } from "./civil.js";
import { compileTrigger } from "./compile.js";
import { CronTrigger } from "./cron/cron-trigger.js";
import { LocalTimes } from "./cron/local-times.js";
import type { TriggerSpec } from "./trigger-spec.js";
import { type Zone, zoneOf } from "./zone/zone.js";

/** The effect of a change of the zone's offset on a trigger. */
export interface DstNote {
  /** The instant of the change, epoch ms. */
  readonly at: EpochMs;
  /** The local date of the change, such as `2026-03-08`. */
  readonly localDate: string;
  /** A `gap` removes local times, a `fold` repeats them. */
  readonly kind: "gap" | "fold";
  readonly shiftMinutes: number;
  /** The effect on this trigger, in one sentence. */
  readonly effect: string;
}

/** How many times are examined in one gap or fold at most. */
const MAX_LOOKED_AT = 100_000;

/**
 * Returns the changes of a zone's offset in `[from, to)` that affect a trigger. Periods of hours and shorter
 * follow elapsed time and have none; those of days and longer keep their time of day, and only their length
 * changes.
 */
export function dstNotes(spec: TriggerSpec, timezone: string, from: EpochMs, to: EpochMs): DstNote[] {
  if (spec.type !== "cron" || to <= from) return [];
  const trigger = compileTrigger(spec, timezone);
  if (!(trigger instanceof CronTrigger)) return [];
  const zone = zoneOf(timezone);
  return zone.changes(from, to).flatMap(({ at, before, after }) => {
    const affected = affectedTimes(
      new LocalTimes(trigger.fields),
      at + Math.min(before, after),
      at + Math.max(before, after),
    );
    const first = affected.first;
    if (first === undefined) return [];
    const kind = after > before ? "gap" : "fold";
    const shiftMinutes = (after - before) / 60_000;
    const localDate = isoOf(at + Math.max(before, after)).slice(0, 10);
    return [
      { at, localDate, kind, shiftMinutes, effect: effectOf(trigger, kind, first, affected.count, zone, at) },
    ];
  });
}

function affectedTimes(
  times: LocalTimes,
  from: LocalMs,
  to: LocalMs,
): { first: LocalMs | undefined; count: number } {
  let first: LocalMs | undefined;
  let count = 0;
  for (
    let local = times.atOrAfter(from);
    local !== undefined && local < to;
    local = times.atOrAfter(local + 1)
  ) {
    first ??= local;
    count += 1;
    if (count >= MAX_LOOKED_AT) break;
  }
  return { first, count };
}

function effectOf(
  trigger: CronTrigger,
  kind: "gap" | "fold",
  first: LocalMs,
  count: number,
  zone: Zone,
  at: EpochMs,
): string {
  const { gap, fold } = trigger.policy;
  const what = count === 1 ? timeOf(first) : `${count} times of day from ${timeOf(first)}`;
  const verb = (one: string, many: string): string => (count === 1 ? one : many);
  if (trigger.fields.isElapsed && fold === "both") {
    return kind === "gap"
      ? `${what} ${verb("does", "do")} not exist; nothing stands in, and it goes on by elapsed time.`
      : `${what} ${verb("comes", "come")} twice; both count, since it goes on by elapsed time.`;
  }
  if (kind === "gap") {
    const instead = timeOf(at + zone.segmentAt(at).offset);
    return gap === "shift"
      ? `${what} ${verb("does", "do")} not exist; it runs at ${instead} instead${count === 1 ? "" : ", once"}.`
      : `${what} ${verb("does", "do")} not exist; skipped, and the interval around is longer.`;
  }
  return fold === "both"
    ? `${what} ${verb("comes", "come")} twice; it runs both times.`
    : `${what} ${verb("comes", "come")} twice; the ${fold} ${verb("is", "of each are")} taken.`;
}

function timeOf(local: LocalMs): string {
  const text = isoOf(((local % DAY_MS) + DAY_MS) % DAY_MS).slice(11, 19);
  return text.endsWith(":00") ? text.slice(0, 5) : text;
}

function isoOf(local: LocalMs): string {
  return new Date(local).toISOString();
}
