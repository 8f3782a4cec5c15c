import { isDeepStrictEqual } from "node:util";
import { type JsonObject, type Schedule, ScheduleError, type ScheduleInfo } from "@tidegate/core";
import { freshnessOfCron, freshnessText } from "@tidegate/operator-flink";
import type { CreateBody } from "./bodies.js";
import { groupIdOf } from "./group-id.js";

/** Settings of the tables' schedules that differ from the defaults. */
export interface TablePolicies
  extends Pick<
    ScheduleInfo,
    | "engine"
    | "delayMs"
    | "catchupWindowMs"
    | "maxAttempts"
    | "backoff"
    | "timeoutMs"
    | "onFailure"
    | "engineGraceMs"
    | "labels"
  > {
  /**
   * Behavior when several periods are due, such as after a pause: `each` refreshes the partition of each;
   * `drop` refreshes once, which is enough if tables have no partitions by time. @default "each"
   */
  readonly catchup?: "each" | "drop";
}

export interface TableSettings {
  readonly timezone: string;
  readonly operator: string;
  readonly policies: TablePolicies;
}

/**
 * A gateway may be restarted at any time, and a partition that cannot be refreshed does not hold up the next.
 */
const DEFAULTS = { catchup: "each", overlap: "queue", maxAttempts: 10, onFailure: "continue" } as const;

const TIME_ZONE = "table.local-time-zone";

/** Session options that the refresh itself sets. */
const OWN = new Set([TIME_ZONE, "execution.runtime-mode"]);

/**
 * Returns the schedule of a table, from what Flink sends when the table is created: its cron expression
 * unchanged, the freshness derived from that, and its session's configuration.
 *
 * @throws ScheduleError SCHEDULE_INVALID if it is not an identifier of a table
 */
export function scheduleOf(body: CreateBody, settings: TableSettings): ScheduleInfo {
  const { materializedTableIdentifier: identifier, cronExpression, initConfig, executionConfig } = body;
  const groupId = groupIdOf(identifier);
  if (groupId === undefined) {
    const message = `materializedTableIdentifier: must be catalog.database.table, is ${identifier}.`;
    throw new ScheduleError("SCHEDULE_INVALID", message, { field: "materializedTableIdentifier" });
  }
  const timezone = zoneIn(initConfig) ?? settings.timezone;
  const freshness = freshnessOfCron(cronExpression);
  const session = Object.entries(initConfig).filter(([name]) => !OWN.has(name));
  return {
    ...DEFAULTS,
    ...settings.policies,
    groupId,
    trigger: { type: "cron", expression: cronExpression, flavour: "quartz" },
    timezone,
    operator: settings.operator,
    job: {
      materializedTable: {
        identifier,
        timezone,
        ...(freshness === undefined ? {} : { freshness: freshnessText(freshness) }),
        ...(session.length === 0 ? {} : { sessionConfiguration: Object.fromEntries(session) }),
        ...(isEmpty(executionConfig) ? {} : { flinkConfiguration: executionConfig }),
      },
    },
    description: `Keeps Flink's materialized table ${identifier} fresh.`.slice(0, 2_000),
  };
}

/** Returns whether a schedule belongs to a table: Flink's requests do not affect others. */
export function isOfTable({ spec }: Schedule): boolean {
  const identifier = tableOf(spec.job).identifier;
  return typeof identifier === "string" && groupIdOf(identifier) === spec.groupId;
}

/** Returns whether a schedule does the same as a new one would. */
export function isSameTable({ spec }: Schedule, info: ScheduleInfo): boolean {
  const meant = { trigger: info.trigger, timezone: info.timezone, table: tableOf(info.job) };
  const { dynamicOptions, ...table } = tableOf(spec.job);
  return isDeepStrictEqual({ trigger: spec.trigger, timezone: spec.timezone, table }, meant);
}

/** Returns a schedule whose refreshes give the table's connector other hints. */
export function withDynamicOptions({ spec }: Schedule, dynamicOptions: JsonObject): ScheduleInfo {
  const job = { materializedTable: { ...tableOf(spec.job), dynamicOptions } };
  // Missing fields are null in a specification, but absent in a schedule's definition.
  const given = Object.entries(spec).filter(([, value]) => value !== null);
  return { ...(Object.fromEntries(given) as unknown as ScheduleInfo), job };
}

function tableOf(job: JsonObject = {}): JsonObject {
  const table = job.materializedTable;
  return typeof table === "object" && table !== null && !Array.isArray(table) ? (table as JsonObject) : {};
}

function zoneIn(initConfig: CreateBody["initConfig"]): string | undefined {
  const zone = initConfig[TIME_ZONE];
  return zone === "default" ? undefined : zone;
}

function isEmpty(settings: object): boolean {
  return Object.keys(settings).length === 0;
}
