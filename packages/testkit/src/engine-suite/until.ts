import { SystemClock } from "@tidegate/core";

/** How `until` waits. */
export interface UntilOptions {
  /** What is waited for: the error names it. @default "the condition" */
  readonly what?: string;
  /** How long at the most, ms; far longer than it should take, so that a slow machine does not fail. @default 120,000 */
  readonly limitMs?: number;
}

/** Between two looks, ms: what is waited for has no event of its own. */
const LOOK_EVERY_MS = 5;

/**
 * Resolves when the condition holds. Time is the machine's, also in tests on a virtual clock: this waits for work that
 * is under way, not for time to pass.
 *
 * @throws Error naming `what`, when the condition does not hold within the limit
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  { what = "the condition", limitMs = 120_000 }: UntilOptions = {},
): Promise<void> {
  const clock = new SystemClock();
  const giveUpAt = clock.now() + limitMs;
  while (!(await condition())) {
    if (clock.now() >= giveUpAt) throw new Error(`Waited ${limitMs} ms in vain for ${what}.`);
    await new Promise<void>((resolve) => {
      clock.wakeAt(clock.now() + LOOK_EVERY_MS, resolve);
    });
  }
}
