import { isDeepStrictEqual } from "node:util";
import type { EpochMs } from "../clock/clock.js";
import { ScheduleError } from "../errors/errors.js";
import { compileTrigger } from "../trigger/compile.js";
import type { ParsedScheduleInfo } from "./parse.js";
import type { ScheduleSpec } from "./schedule.js";

/** Defaults that depend on a schedule's surroundings. */
export interface SpecDefaults {
  readonly engine: string;
  readonly operator: string;
  readonly now: EpochMs;
  /** The specification that this one replaces; supplies the start and the anchor of periods. */
  readonly before?: ScheduleSpec;
}

/**
 * Fills in the defaults that the schema cannot know. Pure.
 *
 * @throws ScheduleError SCHEDULE_INVALID; TriggerError TRIGGER_INVALID, TRIGGER_EXHAUSTED, TIMEZONE_UNKNOWN
 */
export function normalizeSchedule(info: ParsedScheduleInfo, defaults: SpecDefaults): ScheduleSpec {
  const endTime = info.endTime ?? (info.trigger.type === "once" ? (info.trigger.at ?? null) : null);
  const { before } = defaults;
  const startTime = info.startTime ?? before?.startTime ?? defaultStart(info, endTime, defaults.now);
  if (endTime !== null && endTime <= startTime) {
    throw new ScheduleError("SCHEDULE_INVALID", "endTime: must be after startTime.", { field: "endTime" });
  }
  return {
    ...info,
    trigger: anchored(info, before),
    startTime,
    endTime,
    // Only the newest of several full copies is worth making.
    catchup: info.catchup ?? (info.mode === "full" ? "coalesce" : "each"),
    overlap: info.overlap ?? (info.mode === "full" ? "coalesce-pending" : "queue"),
    engine: info.engine ?? defaults.engine,
    operator: info.operator ?? defaults.operator,
  };
}

/** Returns how many of a schedule's live runs may be admitted at once. */
export function laneWidth(spec: Pick<ScheduleSpec, "overlap" | "maxActiveRuns">): number {
  return spec.overlap === "allow" ? spec.maxActiveRuns : 1;
}

/**
 * Returns the last nominal time that is not after now, so that the first interval is a whole one; the one before it if
 * the first run is a snapshot, which then begins at once.
 */
function defaultStart(info: ParsedScheduleInfo, endTime: EpochMs | null, now: EpochMs): EpochMs {
  if (info.trigger.type === "once") {
    if (endTime === null || endTime > now) return now;
    throw new ScheduleError("SCHEDULE_INVALID", "startTime: is needed for a single time that has passed.", {
      field: "startTime",
    });
  }
  const bounds = endTime === null ? {} : { endTime };
  const nominalBefore = (startTime: EpochMs): EpochMs =>
    compileTrigger(info.trigger, info.timezone, { ...bounds, startTime }).previous(now + 1) ?? now;
  // The offset may have changed since that time, and the grid goes by the offset at its start.
  const last = nominalBefore(nominalBefore(now));
  if (info.mode !== "full-then-incremental") return last;
  return compileTrigger(info.trigger, info.timezone, { ...bounds, startTime: last }).previous(last) ?? last;
}

/** Counts a period from the given start, also in later versions that do not give it. */
function anchored(
  { trigger, startTime }: ParsedScheduleInfo,
  before: ScheduleSpec | undefined,
): ScheduleSpec["trigger"] {
  if (trigger.type !== "period" || trigger.anchor !== undefined) return trigger;
  // Writing a specification back as it was read keeps its grid, whose start was not given by a user.
  if (startTime === before?.startTime && isDeepStrictEqual(trigger, before?.trigger)) return trigger;
  const anchor = startTime ?? (before?.trigger.type === "period" ? before.trigger.anchor : undefined);
  return anchor === undefined ? trigger : { ...trigger, anchor };
}
