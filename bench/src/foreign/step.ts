import { sleep } from "../setup.js";

/** So many schedules a scheduler outside has at each step; ten of them are measured, the others are due in months. */
export const STEPS = [10, 100, 500] as const;

/** The schedules whose lateness is measured: one tick every two seconds, more than which two cores hardly run. */
export const PROBES = 10;
export const PROBE_PERIOD_S = 20;

/** How long lateness is measured at each step, ms. */
export const MEASURED_MS = 24_000;

/** What was measured with so many schedules. */
export interface Step {
  /** From the call that adds those of the step to all of them being active, ms. */
  readonly activeMs: number;
  /** From adding one more, which is due at once, to its callback, ms. */
  readonly firstMs: number;
  /** How late callbacks came, ms. */
  readonly lateness: readonly number[];
}

/** What ticks are posted to where there is no Tidegate. */
export interface Tick {
  /** What is fired: a DAG or a workflow. */
  readonly name: string;
  /** What it is for, epoch ms. */
  readonly tick: number;
}

/** How late ticks came that were for a time within the measured one, ms. */
export async function latenessOf(ticks: readonly (Tick & { readonly at: number })[]): Promise<number[]> {
  const measuredFrom = Date.now();
  await sleep(MEASURED_MS);
  return ticks.filter(({ tick }) => tick >= measuredFrom).map(({ at, tick }) => at - tick);
}
