import { isDeepStrictEqual } from "node:util";
import type { EpochMs } from "../clock/clock.js";
import { ScheduleError } from "../errors/errors.js";
import { compileTrigger } from "../trigger/compile.js";
import type { ScheduleSpec } from "./schedule.js";
import type { ParsedScheduleInfo } from "./schema.js";

/** Defaults of omitted fields. */
export interface SpecDefaults {
  readonly engine: string;
  readonly operator: string;
  readonly now: EpochMs;
  /** The specification that this one replaces; supplies the start and the anchor of periods. */
  readonly before?: ScheduleSpec;
}

/**
 * Fills in the defaults. Pure.
 *
 * @throws ScheduleError SCHEDULE_INVALID; TriggerError TRIGGER_INVALID, TRIGGER_EXHAUSTED, TIMEZONE_UNKNOWN
 */
export function normalizeSchedule(info: ParsedScheduleInfo, defaults: SpecDefaults): ScheduleSpec {
  const timezone = info.timezone ?? "UTC";
  const endTime = info.endTime ?? (info.trigger.type === "once" ? (info.trigger.at ?? null) : null);
  const { before } = defaults;
  const startTime =
    info.startTime ?? before?.startTime ?? defaultStart(info, timezone, endTime, defaults.now);
  if (endTime !== null && endTime <= startTime) {
    throw new ScheduleError("SCHEDULE_INVALID", "endTime: must be after startTime.", { field: "endTime" });
  }
  return {
    groupId: info.groupId,
    trigger: anchored(info, before),
    timezone,
    startTime,
    endTime,
    engine: info.engine ?? defaults.engine,
    operator: info.operator ?? defaults.operator,
    job: info.job ?? {},
    mode: info.mode ?? "incremental",
    boundaryType: info.boundaryType ?? "TIME",
    delayMs: info.delayMs ?? 0,
    notBefore: info.notBefore ?? null,
    gates: info.gates ?? {},
    fireAt: info.fireAt ?? "interval-end",
    firstInterval: info.firstInterval ?? "start-time",
    endRule: info.endRule ?? "exclusive",
    catchup: info.catchup ?? "each",
    catchupWindowMs: info.catchupWindowMs ?? null,
    overlap: info.overlap ?? "queue",
    maxActiveRuns: info.maxActiveRuns ?? 16,
    maxAttempts: info.maxAttempts ?? 3,
    backoff: { initialMs: info.backoff?.initialMs ?? 1_000, maxMs: info.backoff?.maxMs ?? 300_000 },
    timeoutMs: info.timeoutMs ?? null,
    onFailure: info.onFailure ?? "block",
    dirtyData: info.dirtyData ?? null,
    engineGraceMs: info.engineGraceMs ?? 30_000,
    description: info.description ?? "",
    labels: info.labels ?? {},
  };
}

/** Returns how many of a schedule's live runs may be admitted at once. */
export function laneWidth(spec: Pick<ScheduleSpec, "overlap" | "maxActiveRuns">): number {
  return spec.overlap === "allow" ? spec.maxActiveRuns : 1;
}

/** Returns the last nominal time that is not after now, so that the first interval is a whole one. */
function defaultStart(
  info: ParsedScheduleInfo,
  timezone: string,
  endTime: EpochMs | null,
  now: EpochMs,
): EpochMs {
  if (info.trigger.type === "once") {
    if (endTime === null || endTime > now) return now;
    throw new ScheduleError("SCHEDULE_INVALID", "startTime: is needed for a single time that has passed.", {
      field: "startTime",
    });
  }
  const bounds = endTime === null ? {} : { endTime };
  const nominalBefore = (startTime: EpochMs): EpochMs =>
    compileTrigger(info.trigger, timezone, { ...bounds, startTime }).previous(now + 1) ?? now;
  // The offset may have changed since that time, and the grid goes by the offset at its start.
  return nominalBefore(nominalBefore(now));
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
