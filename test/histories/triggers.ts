import type { TriggerSpec } from "@tidegate/core";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Where every history begins: two days before clocks go forward in Berlin. */
export const T0 = Date.UTC(2026, 2, 27);

/** A trigger, and its grid by arithmetic of its own: the product's is what is on trial. */
export interface TriggerKind {
  readonly spec: TriggerSpec;
  readonly timezone?: string;
  /** About one interval, ms. */
  readonly unitMs: number;
  /** Cuts lie on multiples of this from T0, ms. */
  readonly granuleMs: number;
  isCut(instant: number): boolean;
}

function every(unitMs: number, spec: TriggerSpec): TriggerKind {
  return { spec, unitMs, granuleMs: unitMs, isCut: (instant) => (instant - T0) % unitMs === 0 };
}

const berlin = new Intl.DateTimeFormat("en-GB", {
  timeZone: "Europe/Berlin",
  hour: "2-digit",
  minute: "2-digit",
});

const inBerlin = (instant: number): string => berlin.format(instant);

/** 02:30 does not exist on 29 March; the first instant after the gap stands for it. */
const GAP_ENDS = Date.UTC(2026, 2, 29, 1);

/** The triggers of histories, by name. */
export const TRIGGERS = {
  minutes: every(MINUTE, { type: "period", every: 1, unit: "minute", anchor: T0 }),
  hours: every(HOUR, { type: "period", every: 1, unit: "hour", anchor: T0 }),
  fiveMinutes: every(5 * MINUTE, { type: "cron", expression: "*/5 * * * *" }),
  sixHours: every(6 * HOUR, { type: "period", every: 6, unit: "hour", anchor: T0 }),
  uneven: {
    spec: { type: "cron", expression: "0,7,30 * * * *" },
    unitMs: 20 * MINUTE,
    granuleMs: MINUTE,
    isCut: (instant) => [0, 7 * MINUTE, 30 * MINUTE].includes(instant - Math.floor(instant / HOUR) * HOUR),
  },
  tenSeconds: every(10_000, { type: "cron", expression: "*/10 * * * * *" }),
  localDays: {
    spec: { type: "cron", expression: "0 0 * * *" },
    timezone: "Europe/Berlin",
    unitMs: 24 * HOUR,
    granuleMs: HOUR,
    isCut: (instant) => inBerlin(instant) === "00:00",
  },
  localNights: {
    spec: { type: "cron", expression: "0 30 2 * * ?" },
    timezone: "Europe/Berlin",
    unitMs: 24 * HOUR,
    granuleMs: HOUR / 2,
    isCut: (instant) => inBerlin(instant) === "02:30" || instant === GAP_ENDS,
  },
  once: {
    spec: { type: "once", at: T0 + HOUR },
    unitMs: HOUR,
    granuleMs: HOUR,
    isCut: (instant) => instant === T0 + HOUR,
  },
} as const satisfies Record<string, TriggerKind>;

/** The name of a trigger. */
export type TriggerName = keyof typeof TRIGGERS;

/** The grid of a schedule as the documentation describes it. */
export interface ModelGrid {
  readonly trigger: TriggerName;
  readonly startTime: number;
  /** Epoch ms; `undefined`: none. */
  readonly endTime: number | undefined;
}

/** Where the interval that begins at `lower` ends; `undefined` when the schedule has ended there. */
export function nextCut(
  { trigger, endTime = Number.POSITIVE_INFINITY }: ModelGrid,
  lower: number,
): number | undefined {
  if (lower >= endTime) return undefined;
  const { granuleMs, unitMs, isCut }: TriggerKind = TRIGGERS[trigger];
  const last = Math.min(endTime, lower + 3 * unitMs + HOUR);
  for (let at = T0 + Math.floor((lower - T0) / granuleMs + 1) * granuleMs; at <= last; at += granuleMs) {
    if (isCut(at)) return at;
  }
  return Number.isFinite(endTime) && trigger !== "once" ? endTime : undefined;
}

/** Whether intervals of the grid may end at this instant. */
export function isUpper({ trigger, endTime }: ModelGrid, instant: number): boolean {
  return instant === endTime || TRIGGERS[trigger].isCut(instant);
}
