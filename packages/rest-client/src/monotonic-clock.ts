import type { Clock, ClockTimer, EpochMs } from "@tidegate/core";

/**
 * A clock that nobody sets: it begins at the machine's time and then only measures what passes. Time-outs run on it, so that
 * a machine's clock that is set forward does not give up a request.
 */
export class MonotonicClock implements Clock {
  now(): EpochMs {
    return Math.floor(performance.timeOrigin + performance.now());
  }

  monotonicNow(): number {
    return performance.now();
  }

  wakeAt(at: EpochMs, callback: () => void): ClockTimer {
    const timer = setTimeout(callback, Math.max(0, at - this.now()));
    return { cancel: () => clearTimeout(timer) };
  }

  wakeAfter(ms: number, callback: () => void): ClockTimer {
    return this.wakeAt(this.now() + ms, callback);
  }
}
