import { z } from "zod";
import type { EpochMs } from "../clock/clock.js";
import { ScheduleError } from "../errors/errors.js";
import { zoneOf } from "../trigger/zone/zone.js";
import type { Freshness } from "./deadline.js";
import { type Instant, withoutDate } from "./instant.js";
import type { ScheduleSpec } from "./schedule.js";
import { scheduleInfoSchema } from "./schema.js";
import { inertSpec } from "./stored-spec.js";

/** A group without a schedule, whose coverage others report: a vendor's deliveries, another scheduler's jobs. */
export interface SourceInfo {
  /** 1 to 200 characters, letters, digits and `_ . : -`; no schedule has it. */
  readonly groupId: string;
  /** IANA name of the time zone of its days, for people. @default "UTC" */
  readonly timezone?: string;
  /**
   * From when on its coverage is reported: epoch ms, a `Date`, or ISO 8601 with an offset. A report of earlier
   * time moves it.
   * @default now
   */
  readonly startTime?: Instant;
  /**
   * How far what it covers may lag behind: an alert is raised when the time up to which it is covered lies more
   * than `maxLagMs` behind now. `null`: no bound.
   * @default none
   */
  readonly freshness?: Freshness | null;
  /** A note for people, at most 2,000 characters. @default "" */
  readonly description?: string;
  /** Labels to find it by: at most 32 pairs. @default {} */
  readonly labels?: Readonly<Record<string, string>>;
}

const { groupId, timezone, startTime, freshness, description, labels } = scheduleInfoSchema.shape;

/** The schema of a `SourceInfo`. Instants parse to epoch ms. */
export const sourceInfoSchema = z.strictObject({
  groupId: groupId.describe(
    "The group: 1 to 200 characters, letters, digits and `_ . : -`. No schedule has it.",
  ),
  timezone: timezone.describe('IANA name of the time zone of its days, for people. Default: "UTC".'),
  startTime: startTime.describe(
    "From when on its coverage is reported: epoch ms, or an ISO 8601 string with an offset. A report of earlier time moves it. Default: now.",
  ),
  freshness: freshness.describe(
    "How far what it covers may lag behind: an alert is raised when the time up to which it is covered lies more than `maxLagMs` behind now. `null`: no bound. Default: none.",
  ),
  description,
  labels,
});

/** The engine and the operator that a source group names. */
const NONE = "none";

/**
 * Returns what is stored as the specification of a source group: one that is never due.
 *
 * @param before - the specification that it replaces, which supplies an omitted start
 * @throws ScheduleError SCHEDULE_INVALID with the field; TriggerError TIMEZONE_UNKNOWN
 */
export function sourceSpec(
  info: SourceInfo,
  { now, before }: { readonly now: EpochMs; readonly before?: ScheduleSpec },
): ScheduleSpec {
  const given: unknown =
    info?.startTime instanceof Date ? { ...info, startTime: withoutDate(info.startTime) } : info;
  const parsed = sourceInfoSchema.safeParse(given);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    const field = path.map(String).join(".");
    throw new ScheduleError("SCHEDULE_INVALID", `${field || "source"}: ${message}.`, { field });
  }
  const { startTime: from = before?.startTime ?? now, ...rest } = parsed.data;
  zoneOf(rest.timezone);
  return {
    ...inertSpec({ groupId: rest.groupId, engine: NONE, origin: from }),
    operator: NONE,
    ...(rest as Omit<typeof rest, "freshness"> & Pick<ScheduleSpec, "freshness">),
  };
}
