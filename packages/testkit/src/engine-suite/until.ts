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

/** Interval between checks, ms: the condition has no event of its own. */
const LOOK_EVERY_MS = 5;

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
  const giveUpAt = clock.now() + limitMs;
  while (!(await condition())) {
    if (clock.now() >= giveUpAt) throw new Error(`Waited ${limitMs} ms for ${what}, which did not happen.`);
    await new Promise<void>((resolve) => {
      clock.wakeAt(clock.now() + LOOK_EVERY_MS, resolve);
    });
  }
}
