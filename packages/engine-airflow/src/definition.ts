import type { EngineSchedule, EpochMs } from "@tidegate/core";
import { type BoundedTicks, contentHash, instantsOf, ticksOf } from "@tidegate/engine-kit";
import { cronText } from "./cron-text.js";
import { connectionIdOf } from "./names.js";
import type { EngineSettings } from "./options.js";

/**
 * What Airflow holds of a schedule, as the factory file reads it: as much as it takes to fire. Nothing of the operator's
 * configuration, so no secret, gets there.
 */
export interface Definition {
  /**
   * Version and a hash of all else, as JSON writes that: a tag of the DAG, by which it is known what was parsed. It comes
   * first, so that the factory file can take it off and see whether the rest was edited by hand.
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
  /** The next nominal times, where ticks are finer than these; ascending. */
  readonly instants: readonly EpochMs[];
  readonly wait: boolean;
  readonly maxActiveRuns: number;
}

/** How many nominal times are told to Airflow. */
const MOST_INSTANTS = 200;

/** Runs that wait, for their delay or their job, must not hold up the next. */
const WAITING_RUNS = 16;

/** The definition of a schedule. One that has ended has a DAG without a timetable. */
export function definitionOf(schedule: EngineSchedule, settings: EngineSettings, now: EpochMs): Definition {
  const { groupId, version, spec, nextFireAt } = schedule;
  const ticks = nextFireAt === null ? undefined : ticksOf(spec, settings.finestPeriodMs);
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
 * When the DAG of a schedule with an end ends. Airflow fires the tick that was the last when it parses a DAG, unless the DAG
 * had ended before: so that what has ended, and is owed intervals, gets one, it ends after that.
 */
function endOf(endMs: EpochMs | null, parsedBy: EpochMs): EpochMs | null {
  return endMs === null ? null : Math.max(endMs, parsedBy);
}

/**
 * A definition as a shard holds it: its JSON in base64. Airflow tells the values of Variables with `***` for all that is
 * also a password somewhere, be it a part of a group id; what is told is written back with the shard's next change.
 */
export function entryOf(definition: Definition): string {
  return Buffer.from(JSON.stringify(definition)).toString("base64");
}

/** The stamp of an entry; `undefined` where the entry is not as it was written. */
export function stampOf(entry: string): string | undefined {
  const text = Buffer.from(entry, "base64").toString();
  const [head = "", stamp, hash] = /^\{"stamp":"(v\d+\.([0-9a-f]{12}))",/.exec(text) ?? [];
  return hash === contentHash(`{${text.slice(head.length)}`) ? stamp : undefined;
}

/** The version in a stamp; `undefined` where the text is none. */
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
