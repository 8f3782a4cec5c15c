import type { EpochMs } from "@tidegate/core";
import type { EngineSchedule } from "@tidegate/core/engine";
import { type BoundedTicks, contentHash, instantsOf, ticksOf } from "@tidegate/engine-kit";
import { cronText } from "./cron-text.js";
import { connectionIdOf } from "./names.js";
import type { EngineSettings } from "./options.js";

/**
 * A schedule as Airflow holds it and the factory file reads it: enough to fire it. Nothing of the operator's
 * configuration, and so no secret, is included.
 */
export interface Definition {
  /**
   * The version and a hash of all other fields, as JSON writes them: a tag of the DAG that shows what was
   * parsed. It comes first, so that the factory file can strip it and detect manual edits.
   */
  readonly stamp: string;
  readonly dagId: string;
  readonly groupId: string;
  readonly connectionId: string;
  readonly crons: readonly string[];
  readonly timezone: string;
  readonly startMs: EpochMs | null;
  readonly endMs: EpochMs | null;
  readonly lastMs: EpochMs | null;
  readonly offsetMs: number;
  readonly waitMs: number;
  readonly period: BoundedTicks["period"];
  /** The next nominal times, ascending, if ticks are finer than these. */
  readonly instants: readonly EpochMs[];
  readonly wait: boolean;
  readonly maxActiveRuns: number;
}

/** Maximum number of nominal times sent to Airflow. */
const MOST_INSTANTS = 200;

/** Runs that wait for their delay or their job must not hold up the next. */
const WAITING_RUNS = 16;

/** Returns the definition of a schedule. If it has ended, its DAG has no timetable. */
export function definitionOf(schedule: EngineSchedule, settings: EngineSettings, now: EpochMs): Definition {
  const { groupId, version, nextFireAt } = schedule;
  const ticks = nextFireAt === null ? undefined : ticksOf(schedule, settings.finestPeriodMs);
  const { isExact, crons, lastTickMs: _lastTick, ...told } = ticks ?? NEVER;
  const waits = settings.wait || told.waitMs > 0;
  const definition = {
    dagId: settings.names.nameOf(groupId),
    groupId,
    connectionId: connectionIdOf(settings.prefix),
    ...told,
    endMs: endOf(told.endMs, now + settings.dagFactoryTimeoutMs),
    crons: crons.map(cronText),
    instants: isExact || told.period !== null ? [] : instantsOf(schedule, MOST_INSTANTS),
    wait: settings.wait,
    maxActiveRuns: waits ? WAITING_RUNS : 1,
  };
  return { stamp: `v${version}.${contentHash(JSON.stringify(definition))}`, ...definition };
}

/**
 * Returns when the DAG of a schedule with an end ends. When Airflow parses a DAG, it fires the last tick,
 * unless the DAG had already ended. The DAG therefore ends after the parse, so that an ended schedule whose
 * intervals are still owed gets that fire.
 */
function endOf(endMs: EpochMs | null, parsedBy: EpochMs): EpochMs | null {
  return endMs === null ? null : Math.max(endMs, parsedBy);
}

/**
 * Encodes a definition for a shard: its JSON in base64. Airflow replaces with `***` any part of a Variable's
 * value that is also a password somewhere, even within a group id, and that would be written back with the
 * shard's next change.
 */
export function entryOf(definition: Definition): string {
  return Buffer.from(JSON.stringify(definition)).toString("base64");
}

/** Returns the stamp of an entry; `undefined` if the entry was altered. */
export function stampOf(entry: string): string | undefined {
  const text = Buffer.from(entry, "base64").toString();
  const [head = "", stamp, hash] = /^\{"stamp":"(v\d+\.([0-9a-f]{12}))",/.exec(text) ?? [];
  return hash === contentHash(`{${text.slice(head.length)}`) ? stamp : undefined;
}

/** Returns the version in a stamp; `undefined` if the text is not a stamp. */
export function versionOf(stamp: string): number | undefined {
  const [, version] = /^v(\d+)\.[0-9a-f]{12}$/.exec(stamp) ?? [];
  return version === undefined ? undefined : Number(version);
}

const NEVER = {
  crons: [],
  timezone: "UTC",
  startMs: null,
  endMs: null,
  lastMs: null,
  lastTickMs: null,
  offsetMs: 0,
  waitMs: 0,
  period: null,
  isExact: true,
};
