import { z } from "zod";
import { ScheduleError } from "../errors/errors.js";
import type { ScheduleMode } from "../job/schedule-mode.js";
import type { PeriodUnit } from "../trigger/trigger-spec.js";
import type { ScheduleInfo, ScheduleSpec } from "./schedule.js";

/** InLong's `ScheduleInfo`, as its manager stores it and its REST API represents it. */
export interface InlongScheduleInfo {
  readonly id?: number | null;
  readonly inlongGroupId: string;
  /** 0: a period of units, 1: a cron expression. */
  readonly scheduleType: number;
  readonly scheduleEngine?: string | null;
  /** `Y`, `M` (month), `W`, `D`, `H`, `I` (minute), `S`, `O` (one round); case-insensitive. */
  readonly scheduleUnit?: string | null;
  readonly scheduleInterval?: number | null;
  /** Epoch ms. */
  readonly startTime: number;
  /** Epoch ms. */
  readonly endTime: number;
  /** Minutes. */
  readonly delayTime?: number | null;
  /** 0: one instance at a time, 1: after its own previous run, 2: in parallel. */
  readonly selfDepend?: number | null;
  /** How many run in parallel if `selfDepend` is 2. */
  readonly taskParallelism?: number | null;
  /** In Quartz's notation. */
  readonly crontabExpression?: string | null;
  readonly version?: number | null;
}

/** Options for reading an InLong schedule. */
export interface FromInlongOptions {
  /**
   * `inlong`: follows InLong's built-in engine: jobs are submitted as their interval begins, a month has 30
   * days, a year 365 and a day 24 hours; crons follow Quartz across daylight saving changes, begin with their
   * first nominal time and include the end time. `tidegate`: gives the same fields this library's meaning:
   * jobs run when their interval is over, and calendar units follow the calendar.
   */
  readonly semantics: "inlong" | "tidegate";
  /** The time zone of crons and calendar units: InLong has no field for it and uses its JVM's. */
  readonly timezone: string;
  /** @default the schedule's own, unless that is `None` */
  readonly engine?: string;
  readonly operator?: string;
  readonly job?: ScheduleInfo["job"];
  /**
   * Has the group read by positions: InLong's boundary type `offset`, for which its schedules have no field. An end
   * time makes no interval of its own then. @default read by time
   */
  readonly offsets?: Pick<ScheduleInfo, "source" | "startAt" | "onEmpty" | "onLoss" | "limit" | "batchUntil">;
  /**
   * Data that each run reads, for which InLong's schedules have no field: a mode of this library, or the name that InLong
   * or OpenMLDB's sync tool has for it (see `MODES`), in any case. With `full-then-incremental`, jobs run when
   * their interval is over. @default "incremental"
   */
  readonly mode?: string;
}

/** The modes by the names that InLong's sources and OpenMLDB's sync tool give them, in lower case. */
const MODES: Readonly<Record<string, ScheduleMode>> = {
  full: "full",
  "0": "full",
  incremental: "incremental",
  increment: "incremental",
  incremental_by_timestamp: "incremental",
  "1": "incremental",
  "full-then-incremental": "full-then-incremental",
  full_and_continuous: "full-then-incremental",
  initial: "full-then-incremental",
  "2": "full-then-incremental",
};

const integer = z.number().int();

const inlongInfo = z.object({
  id: integer.nullish(),
  inlongGroupId: z.string().min(1),
  scheduleType: z.union([z.literal(0), z.literal(1)]),
  scheduleEngine: z.string().nullish(),
  scheduleUnit: z.string().nullish(),
  scheduleInterval: integer.nullish(),
  startTime: integer,
  endTime: integer,
  delayTime: integer.min(0).nullish(),
  selfDepend: integer.min(0).max(2).nullish(),
  taskParallelism: integer.min(1).nullish(),
  crontabExpression: z.string().nullish(),
  version: integer.nullish(),
});

const UNITS: Readonly<Record<string, PeriodUnit>> = {
  Y: "year",
  M: "month",
  W: "week",
  D: "day",
  H: "hour",
  I: "minute",
  S: "second",
};

const MINUTE_MS = 60_000;
const SECOND_MS = 1_000;
const AFTER_ITSELF = 1;
const PARALLEL = 2;

/**
 * Reads InLong's JSON.
 *
 * @throws ScheduleError SCHEDULE_INVALID with InLong's name of the offending field
 */
export function fromInlong(input: unknown, options: FromInlongOptions): ScheduleInfo {
  const parsed = inlongInfo.safeParse(input);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw invalid(issue.path.map(String).join("."), issue.message);
  }
  const info = parsed.data as InlongScheduleInfo;
  const isCompatible = options.semantics === "inlong";
  const mode = modeOf(options.mode);
  const engine =
    options.engine ?? (info.scheduleEngine === "None" ? undefined : (info.scheduleEngine ?? undefined));
  return {
    groupId: info.inlongGroupId,
    ...(info.scheduleType === 1 ? cronPart(info, isCompatible) : periodPart(info, isCompatible)),
    timezone: options.timezone,
    endTime: info.endTime,
    ...(engine === undefined ? {} : { engine: engine.toLowerCase() }),
    ...(options.operator === undefined ? {} : { operator: options.operator }),
    ...(options.job === undefined ? {} : { job: options.job }),
    delayMs: (info.delayTime ?? 0) * MINUTE_MS,
    ...(mode === undefined ? {} : { mode }),
    fireAt: isCompatible && mode !== "full-then-incremental" ? "interval-start" : "interval-end",
    ...(info.selfDepend === PARALLEL
      ? { overlap: "allow" as const, maxActiveRuns: info.taskParallelism ?? 1 }
      : { overlap: "queue" as const }),
    ...(info.selfDepend === AFTER_ITSELF ? { dependsOnPast: true } : {}),
    ...(options.offsets === undefined
      ? {}
      : { ...options.offsets, boundaryType: "OFFSET" as const, endRule: "exclusive" as const }),
  };
}

/** Writes InLong's JSON. Omits what InLong has no field for (the zone, policies, the operator). */
export function toInlong(spec: ScheduleSpec, version?: number): InlongScheduleInfo {
  if (spec.endTime === null) throw invalid("endTime", "InLong's schedules must end");
  return {
    inlongGroupId: spec.groupId,
    ...triggerFields(spec),
    scheduleEngine: spec.engine,
    startTime: spec.startTime,
    endTime: spec.endTime,
    delayTime: Math.ceil(spec.delayMs / MINUTE_MS),
    selfDepend: selfDependOf(spec),
    taskParallelism: spec.overlap === "allow" ? spec.maxActiveRuns : 1,
    ...(version === undefined ? {} : { version }),
  };
}

function modeOf(name: string | undefined): ScheduleMode | undefined {
  if (name === undefined) return undefined;
  const key = name.toLowerCase();
  if (Object.hasOwn(MODES, key)) return MODES[key];
  throw invalid("mode", `must be one of ${Object.keys(MODES).join(", ")}`);
}

/** Both say something about a group's own runs, and InLong has one field for them. */
function selfDependOf({ dependsOnPast, overlap }: ScheduleSpec): number {
  if (dependsOnPast) return AFTER_ITSELF;
  return overlap === "allow" ? PARALLEL : 0;
}

type TriggerPart = Pick<ScheduleInfo, "trigger" | "startTime" | "firstInterval" | "endRule">;

function cronPart(info: InlongScheduleInfo, isCompatible: boolean): TriggerPart {
  const expression = info.crontabExpression;
  if (typeof expression !== "string" || expression === "") {
    throw invalid("crontabExpression", "is needed with scheduleType 1");
  }
  if (!isCompatible) {
    return { trigger: { type: "cron", flavour: "quartz", expression }, startTime: info.startTime };
  }
  return {
    trigger: { type: "cron", flavour: "quartz", dst: "quartz", expression },
    // Quartz truncates a cron's start to the second.
    startTime: Math.floor(info.startTime / SECOND_MS) * SECOND_MS,
    firstInterval: "first-nominal-time",
    endRule: "inclusive",
  };
}

function periodPart(info: InlongScheduleInfo, isCompatible: boolean): TriggerPart {
  const letter = info.scheduleUnit?.toUpperCase() ?? "";
  if (letter === "O") return { trigger: { type: "once", at: info.endTime }, startTime: info.startTime };
  const unit = UNITS[letter];
  if (unit === undefined || !Object.hasOwn(UNITS, letter)) {
    throw invalid("scheduleUnit", `must be one of ${Object.keys(UNITS).join(", ")}, O`);
  }
  const every = info.scheduleInterval ?? 1;
  if (every < 1) throw invalid("scheduleInterval", "must be at least 1");
  return {
    trigger: { type: "period", every, unit, ...(isCompatible ? { length: "fixed" as const } : {}) },
    startTime: info.startTime,
  };
}

function triggerFields({
  trigger,
}: ScheduleSpec): Pick<InlongScheduleInfo, "scheduleType"> & Partial<InlongScheduleInfo> {
  if (trigger.type === "cron") return { scheduleType: 1, crontabExpression: trigger.expression };
  if (trigger.type === "once") return { scheduleType: 0, scheduleUnit: "O", scheduleInterval: 1 };
  const letter = Object.keys(UNITS).find((candidate) => UNITS[candidate] === trigger.unit)!;
  return { scheduleType: 0, scheduleUnit: letter, scheduleInterval: trigger.every };
}

function invalid(field: string, message: string): ScheduleError {
  return new ScheduleError("SCHEDULE_INVALID", `${field}: ${message}.`, { field });
}
