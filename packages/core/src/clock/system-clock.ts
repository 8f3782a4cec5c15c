import type { Clock, ClockTimer, EpochMs } from "./clock.js";

/** Longest single sleep, ms. A clock set forward is noticed within this time. */
const LONGEST_SLEEP_MS = 1_000;

/** The machine's clock. Timers keep the process alive until they fire or are cancelled. */
export class SystemClock implements Clock {
  now(): EpochMs {
    return Date.now();
  }

  monotonicNow(): number {
    return performance.now();
  }

  wakeAt(at: EpochMs, callback: () => void): ClockTimer {
    return sleepWhile(() => at - Date.now(), callback);
  }

  wakeAfter(ms: number, callback: () => void): ClockTimer {
    const until = performance.now() + ms;
    return sleepWhile(() => until - performance.now(), callback);
  }
}

/** Sleeps in steps until nothing remains, since the remaining time may change when the clock is set. */
function sleepWhile(remaining: () => number, callback: () => void): ClockTimer {
  let timer: NodeJS.Timeout;
  const sleep = (): void => {
    const ms = Math.min(Math.max(0, remaining()), LONGEST_SLEEP_MS);
    timer = setTimeout(() => (remaining() > 0 ? sleep() : callback()), Math.ceil(ms));
  };
  sleep();
  return { cancel: () => clearTimeout(timer) };
}
