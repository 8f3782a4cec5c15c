import { SystemClock } from "@tidegate/core/clock";

/** Options of `until`. */
export interface UntilOptions {
  /** Name of the condition in the error. @default "the condition" */
  readonly what?: string;
  /**
   * Maximum wait, ms; far longer than it should take, so that a slow machine does not fail. @default 120,000
   */
  readonly limitMs?: number;
}

/** Shortest interval between checks, ms. */
const SOONEST_MS = 5;

/** Longest interval between checks, ms. */
const LATEST_MS = 200;

/** Part of the time waited so far that passes before the next check. */
const LATENESS = 0.1;

/**
 * Resolves when the condition holds. Uses the machine's time, even in tests on a virtual clock: this waits
 * for work in progress, not for time to pass.
 *
 * @throws Error naming `what`, if the condition does not hold within the limit
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  { what = "the condition", limitMs = 120_000 }: UntilOptions = {},
): Promise<void> {
  const clock = new SystemClock();
  const begunAt = clock.now();
  const giveUpAt = begunAt + limitMs;
  while (!(await condition())) {
    const now = clock.now();
    if (now >= giveUpAt) throw new Error(`Waited ${limitMs} ms for ${what}, which did not happen.`);
    await new Promise<void>((resolve) => {
      clock.wakeAt(now + nextCheckIn(now - begunAt), resolve);
    });
  }
}

/**
 * Returns the time to the next check of a condition that has no event of its own, ms. It grows with the time waited so
 * far: what takes long is often asked of a server, which would be busier with the questions than with its work.
 */
export function nextCheckIn(waitedMs: number): number {
  return Math.min(LATEST_MS, Math.max(SOONEST_MS, waitedMs * LATENESS));
}
