import type { EpochMs } from "@tidegate/core";
import type { CronValues } from "./cron-values.js";

/** When a timer fires: the union of some crons in a zone, which includes at least the trigger's times. */
export interface Ticks {
  readonly crons: readonly CronValues[];
  /** IANA name. */
  readonly timezone: string;
  /** Delay of a tick after its nominal time, ms. */
  readonly offsetMs: number;
  /** How long to wait after a tick until the fire is due, ms. */
  readonly waitMs: number;
  /** The trigger's times as a period of elapsed time, by which a tick finds its nominal time. */
  readonly period: {
    readonly anchorMs: EpochMs;
    readonly everyMs: number;
    /** Distance between ticks, ms. */
    readonly tickMs: number;
  } | null;
  /** Whether all ticks are nominal times of the trigger, to the millisecond. */
  readonly isExact: boolean;
}

/** Rounds up to whole seconds, so that no tick comes too early. */
export function wholeSeconds(instant: EpochMs): number {
  return Math.ceil(instant / 1_000);
}
