import { type Clock, SystemClock } from "@tidegate/core/clock";

/** Limits of a piece of work. */
export interface Bounds {
  /** Any of them aborts it. */
  readonly signals: readonly AbortSignal[];
  /** Maximum duration, ms. @default unlimited */
  readonly timeoutMs?: number;
  /** Measures `timeoutMs`, by elapsed time. @default the machine's clock */
  readonly clock?: Clock;
  /** Creates the abort reason when the time is up. @default a `TimedOut` */
  readonly timedOut?: (timeoutMs: number) => Error;
}

const SYSTEM = new SystemClock();

/** The error of work that ran out of time. */
export class TimedOut extends Error {
  override readonly name = "TimedOut";

  constructor(readonly timeoutMs: number) {
    super(`not answered within ${timeoutMs} ms`);
  }
}

/**
 * Runs `work` with a signal that is aborted when a limit is reached, and also when the work has ended, so
 * that nothing it left behind continues. Leaves no listeners behind: the signals outlive thousands of
 * requests.
 *
 * @throws the reason of a signal that is already aborted
 */
export async function bounded<T>(bounds: Bounds, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const { signals, timeoutMs, clock = SYSTEM, timedOut = (limit) => new TimedOut(limit) } = bounds;
  const stop = (event: Event): void => controller.abort((event.target as AbortSignal).reason);
  const timer =
    timeoutMs === undefined
      ? undefined
      : clock.wakeAfter(timeoutMs, () => controller.abort(timedOut(timeoutMs)));
  try {
    for (const signal of signals) {
      signal.throwIfAborted();
      signal.addEventListener("abort", stop, { once: true });
    }
    return await work(controller.signal);
  } finally {
    timer?.cancel();
    for (const signal of signals) signal.removeEventListener("abort", stop);
    controller.abort();
  }
}
