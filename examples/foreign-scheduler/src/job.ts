import type { EngineSchedule } from "@tidegate/core/engine";
import { type CronValues, contentHash, instantsOf, ticksOf } from "@tidegate/engine-kit";

/** A job as Cronpost keeps it. */
export interface Job {
  /** Expressions with seconds; it fires when one of them does. */
  readonly crons: readonly string[];
  readonly timezone: string;
  /** Epoch ms. */
  readonly startMs: number;
  readonly endMs: number | null;
  /** Also fires when it is put. */
  readonly firesNow: boolean;
  readonly post: { readonly url: string; readonly groupId: string };
  /** By which the job finds the nominal time of a tick. */
  readonly nominal: {
    readonly offsetMs: number;
    readonly waitMs: number;
    readonly period: { readonly anchorMs: number; readonly everyMs: number } | null;
    readonly instants: readonly number[];
    readonly lastMs: number | null;
  };
  /** Version and a hash of the rest, so that an edit by hand shows. */
  readonly stamp: string;
}

/** The most nominal times that a job lists; it is put again long before they are used up. */
const MOST_INSTANTS = 100;

const NEVER = {
  crons: [],
  timezone: "UTC",
  offsetMs: 0,
  waitMs: 0,
  period: null,
  isExact: true,
  startMs: 0,
  endMs: null,
  lastMs: null,
} as const;

/** Returns the job of a schedule. If that has ended, the job has no crons. */
export function jobOf(schedule: EngineSchedule, url: string, now: number): Job {
  const { groupId, version, nextFireAt } = schedule;
  const ticks = nextFireAt === null ? undefined : ticksOf(schedule, 1_000);
  const { crons, timezone, offsetMs, waitMs, period, isExact, startMs, endMs, lastMs } = ticks ?? NEVER;
  const instants = isExact || period !== null ? [] : instantsOf(schedule, MOST_INSTANTS);
  const job = {
    crons: crons.map(cronText),
    timezone,
    startMs,
    endMs,
    firesNow: nextFireAt !== null && nextFireAt <= now,
    post: { url, groupId },
    nominal: { offsetMs, waitMs, period, instants, lastMs },
  };
  return { ...job, stamp: `${version}.${hashOf(job)}` };
}

/** Returns the version that a job fires; `undefined` if somebody has edited it. */
export function versionOf({ stamp, ...job }: Job): number | undefined {
  const [version, hash] = stamp.split(".");
  return hash === hashOf(job) ? Number(version) : undefined;
}

function hashOf(job: Omit<Job, "stamp">): string {
  return contentHash(JSON.stringify({ ...job, firesNow: false }));
}

function cronText({ seconds, minutes, hours, days, months, weekdays }: CronValues): string {
  return [seconds, minutes, hours, days, months, weekdays]
    .map((values) => values?.join(",") ?? "*")
    .join(" ");
}
