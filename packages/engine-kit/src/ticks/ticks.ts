import type { EpochMs } from "@tidegate/core";
import type { CronValues } from "./cron-values.js";

/** When a timer is to fire: the union of some crons in a zone, which has at least the trigger's times. */
export interface Ticks {
  readonly crons: readonly CronValues[];
  /** IANA name. */
  readonly timezone: string;
  /** How long after its nominal time a tick comes, ms. */
  readonly offsetMs: number;
  /** How long is to be waited after a tick before the fire is due, ms. */
  readonly waitMs: number;
  /** The trigger's times as a period of elapsed time, by which a tick finds the nominal time that it is for. */
  readonly period: {
    readonly anchorMs: EpochMs;
    readonly everyMs: number;
    /** How far the ticks are apart, ms. */
    readonly tickMs: number;
  } | null;
  /** Whether all ticks are nominal times of the trigger, to the millisecond. */
  readonly isExact: boolean;
}

/** Times are cut to whole seconds upwards: no tick comes too early. */
export function wholeSeconds(instant: EpochMs): number {
  return Math.ceil(instant / 1_000);
}
