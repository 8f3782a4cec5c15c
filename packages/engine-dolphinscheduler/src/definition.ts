import { EngineError, type EpochMs } from "@tidegate/core";
import type { EngineSchedule } from "@tidegate/core/engine";
import { type BoundedTicks, contentHash, cronAt, instantsOf, ticksOf } from "@tidegate/engine-kit";
import { crontabOf } from "./crontab.js";
import type { EngineSettings } from "./options.js";

/**
 * A schedule as its workflow's task knows it and the template reads it: enough to fire it. Nothing of the
 * operator's configuration, and so no secret, is included.
 */
export interface Definition {
  readonly groupId: string;
  readonly version: number;
  /** The workflow's name. */
  readonly workflow: string;
  readonly callbackUrl: string;
  readonly secretFile: string;
  readonly wait: boolean;
  /** `null` if nothing is to be fired any more. */
  readonly crontab: string | null;
  readonly timezone: string;
  /** The first tick, epoch ms. */
  readonly startMs: EpochMs;
  /** No tick after this, epoch ms; `null` if the schedule has no end. */
  readonly endMs: EpochMs | null;
  readonly lastMs: EpochMs | null;
  readonly offsetMs: number;
  readonly waitMs: number;
  readonly period: BoundedTicks["period"];
  /** The next nominal times, ascending, if ticks are finer than these. */
  readonly instants: readonly EpochMs[];
}

/** Maximum number of nominal times sent to the task. */
const MOST_INSTANTS = 100;

/** The size of DolphinScheduler's column. */
const LONGEST_CRONTAB = 255;

/**
 * When to fire a schedule that has no tick left but is owed one, ms from now. More than once, since
 * DolphinScheduler drops a tick that a busy server is late for, and none follows; all of them are the same
 * fire.
 */
const SOON_MS = [5_000, 20_000, 50_000] as const;

/** How long a schedule stays after its last tick, ms. */
const TAIL_MS = 60_000;

/** @throws EngineError ENGINE_FAILED if its crontab is too long for DolphinScheduler */
export function definitionOf(schedule: EngineSchedule, settings: EngineSettings, now: EpochMs): Definition {
  const { groupId, version, nextFireAt } = schedule;
  const ticks = nextFireAt === null ? undefined : ticksOf(schedule, settings.finestPeriodMs);
  const identity = {
    groupId,
    version,
    workflow: settings.names.nameOf(groupId),
    callbackUrl: settings.callback.url,
    secretFile: settings.secretFile,
    wait: settings.wait,
  };
  if (ticks === undefined) return { ...identity, ...NEVER };
  const { crons, isExact, timezone, startMs, endMs, lastMs, offsetMs, waitMs, period } = withTickLeft(
    ticks,
    now,
  );
  const crontab = crontabOf(crons);
  if (crontab.text.length > LONGEST_CRONTAB) {
    throw new EngineError(
      "ENGINE_FAILED",
      `The crontab of group ${groupId} has ${crontab.text.length} characters, and DolphinScheduler keeps ${LONGEST_CRONTAB}: write a simpler expression.`,
      { field: "trigger" },
    );
  }
  const isTold = (isExact && crontab.isExact) || period !== null;
  return {
    ...identity,
    crontab: crontab.text,
    timezone,
    startMs,
    endMs,
    lastMs,
    offsetMs,
    waitMs,
    period,
    instants: isTold ? [] : instantsOf(schedule, MOST_INSTANTS),
  };
}

/**
 * Encodes the definition as a parameter's value: none of its characters is special to DolphinScheduler or a
 * shell.
 */
export function encoded(definition: Definition): string {
  const json = JSON.stringify(definition);
  const hash = contentHash(json);
  return Buffer.from(JSON.stringify({ ...definition, hash })).toString("base64url");
}

/** Decodes the definition in a parameter's value; returns `undefined` if there is none, or it was edited. */
export function decoded(value: string): Definition | undefined {
  try {
    const { hash: _hash, ...definition } = JSON.parse(Buffer.from(value, "base64url").toString());
    return encoded(definition) === value ? definition : undefined;
  } catch {
    return undefined;
  }
}

const NEVER = {
  crontab: null,
  timezone: "UTC",
  startMs: 0,
  endMs: null,
  lastMs: null,
  offsetMs: 0,
  waitMs: 0,
  period: null,
  instants: [],
};

/**
 * DolphinScheduler accepts no schedule that will not fire again: one past its last tick gets more of them
 * soon.
 */
function withTickLeft(ticks: BoundedTicks, now: EpochMs): BoundedTicks {
  const { lastTickMs, timezone } = ticks;
  const [soon, , latest] = SOON_MS;
  if (lastTickMs === null || lastTickMs > now + soon) return ticks;
  const crons = SOON_MS.map((ms) => cronAt(now + ms, timezone));
  return { ...ticks, crons, endMs: now + latest + TAIL_MS };
}
