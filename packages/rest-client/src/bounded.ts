import { type Clock, SystemClock } from "@tidegate/core";

/** The limits of a piece of work. */
export interface Bounds {
  /** Any of them stops it. */
  readonly signals: readonly AbortSignal[];
  /** The longest that it may take. @default unlimited */
  readonly timeoutMs?: number;
  /** Measures that, by elapsed time. @default the machine's clock */
  readonly clock?: Clock;
  /** Makes the reason for which the time is up. @default a `TimedOut` */
  readonly timedOut?: (timeoutMs: number) => Error;
}

const SYSTEM = new SystemClock();

/** A piece of work that was given up because its time was up. */
export class TimedOut extends Error {
  override readonly name = "TimedOut";

  constructor(readonly timeoutMs: number) {
    super(`not answered within ${timeoutMs} ms`);
  }
}

/**
 * Runs `work` with a signal that is aborted when a limit is reached, and also once the work has ended, so that nothing
 * it left under way goes on. Leaves no listener behind: the signals outlive thousands of requests.
 *
 * @throws the reason of a signal that is aborted already
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

/** The value of a promise that knows nothing of the signal. @throws the signal's reason when it is aborted before */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (stop !== undefined) signal.removeEventListener("abort", stop);
  }
}
