import { type CronTriggerSpec, TriggerError } from "@tidegate/core";

/** The units of a freshness that Flink accepts. */
export type FreshnessUnit = "SECOND" | "MINUTE" | "HOUR" | "DAY" | "WEEK";

/** How far a materialized table may lag behind its sources. */
export interface Freshness {
  /** At least 1. */
  readonly interval: number;
  readonly unit: FreshnessUnit;
}

/** How Flink keeps a table fresh: with a streaming job, or with one batch job per period. */
export type RefreshMode = "CONTINUOUS" | "FULL";

const UNIT_MS: Readonly<Record<FreshnessUnit, number>> = {
  SECOND: 1_000,
  MINUTE: 60_000,
  HOUR: 3_600_000,
  DAY: 86_400_000,
  WEEK: 604_800_000,
};

/** Flink's default of `materialized-table.refresh-mode.freshness-threshold`, ms. */
const DEFAULT_THRESHOLD_MS = 30 * UNIT_MS.MINUTE;

/** In Flink, the number of units must divide this limit. */
const LIMITS = { SECOND: 60, MINUTE: 60, HOUR: 24 } as const;

const CRONS = {
  SECOND: (n: number) => `0/${n} * * * * ? *`,
  MINUTE: (n: number) => `0 0/${n} * * * ? *`,
  HOUR: (n: number) => `0 0 0/${n} * * ? *`,
} as const;

const FORM = /^(?:INTERVAL\s+)?(?:'([^']*)'|(\S+))\s+([A-Z]+)$/i;

const MAX_INT = 2_147_483_647;

/**
 * Parses a freshness: `1 DAY`, or as Flink SQL writes it, `INTERVAL '1' DAY`.
 *
 * @throws TriggerError TRIGGER_INVALID in Flink's own words
 */
export function parseFreshness(text: string): Freshness {
  const [, quoted, plain, unit = ""] = FORM.exec(text.trim()) ?? [];
  const number = quoted ?? plain;
  if (number === undefined)
    throw invalid(`must be like "1 DAY" or "INTERVAL '1' DAY", is ${JSON.stringify(text)}.`);
  const unitName = unit.toUpperCase();
  if (!isUnit(unitName)) {
    throw invalid(
      "Materialized table freshness only supports SECOND, MINUTE, HOUR, DAY, WEEK as the time unit.",
    );
  }
  const interval = Number(number);
  if (!/^[+-]?\d+$/.test(number) || interval < 1 || interval > MAX_INT) {
    throw invalid(
      `The freshness interval currently only supports positive integer type values. But was: ${number}`,
    );
  }
  return { interval, unit: unitName };
}

/** Returns the length of a freshness, ms. Flink's days have 24 hours. */
export function freshnessMs({ interval, unit }: Freshness): number {
  return interval * UNIT_MS[unit];
}

/**
 * Returns the refresh mode that Flink chooses if a table's definition names none.
 *
 * @param thresholdMs - the gateway's `materialized-table.refresh-mode.freshness-threshold`
 * @throws TriggerError TRIGGER_INVALID for an invalid freshness
 */
export function refreshModeOfFreshness(freshness: string, thresholdMs = DEFAULT_THRESHOLD_MS): RefreshMode {
  return freshnessMs(parseFreshness(freshness)) < thresholdMs ? "CONTINUOUS" : "FULL";
}

/**
 * Returns the trigger with which Flink refreshes a table of full refresh mode, for tables that Flink does not
 * schedule itself. Not every freshness is possible, since Flink turns it into a cron expression.
 *
 * @param freshness - such as `1 DAY` or `INTERVAL '1' DAY`
 * @throws TriggerError TRIGGER_INVALID in Flink's own words
 */
export function triggerOfFreshness(freshness: string): CronTriggerSpec {
  return { type: "cron", expression: cronOf(parseFreshness(freshness)), flavour: "quartz" };
}

/** Returns the freshness of a cron expression that Flink has made; `undefined` for any other. */
export function freshnessOfCron(expression: string): Freshness | undefined {
  if (expression === "0 0 0 * * ? *") return { interval: 1, unit: "DAY" };
  const number = /(?:^| )0\/(\d{1,2}) /.exec(expression)?.[1];
  if (number === undefined) return undefined;
  const interval = Number(number);
  const units = ["SECOND", "MINUTE", "HOUR"] as const;
  const unit = units.find((each) => CRONS[each](interval) === expression && isFactor(interval, LIMITS[each]));
  return unit === undefined ? undefined : { interval, unit };
}

/** Formats a freshness as `1 DAY`. */
export function freshnessText({ interval, unit }: Freshness): string {
  return `${interval} ${unit}`;
}

function cronOf({ interval, unit }: Freshness): string {
  if (unit === "WEEK") throw invalid(`Unknown freshness time unit: ${unit}.`);
  if (unit === "DAY") {
    if (interval === 1) return "0 0 0 * * ? *";
    throw invalid("In full refresh mode, freshness must be 1 when the time unit is DAY.");
  }
  const limit = LIMITS[unit];
  if (interval >= limit) {
    throw invalid(
      `In full refresh mode, freshness must be less than ${limit} when the time unit is ${unit}.`,
    );
  }
  if (!isFactor(interval, limit)) {
    throw invalid(
      `In full refresh mode, only freshness that are factors of ${limit} are currently supported when the time unit is ${unit}.`,
    );
  }
  return CRONS[unit](interval);
}

function isFactor(interval: number, limit: number): boolean {
  return interval >= 1 && interval < limit && limit % interval === 0;
}

function isUnit(name: string): name is FreshnessUnit {
  return Object.hasOwn(UNIT_MS, name);
}

function invalid(problem: string): TriggerError {
  return new TriggerError("TRIGGER_INVALID", `freshness: ${problem}`, { field: "freshness" });
}
