import type { Clock, ClockTimer, EpochMs } from "./clock.js";

/** The longest single sleep. A clock that is set forward is noticed within this time. */
const LONGEST_SLEEP_MS = 1_000;

/** The machine's clock. Timers keep the process alive until they fire or are cancelled. */
export class SystemClock implements Clock {
  now(): EpochMs {
    return Date.now();
  }

  wakeAt(at: EpochMs, callback: () => void): ClockTimer {
    let timer: NodeJS.Timeout;
    const sleep = (): void => {
      const remaining = Math.max(0, at - Date.now());
      timer =
        remaining > LONGEST_SLEEP_MS
          ? setTimeout(sleep, LONGEST_SLEEP_MS)
          : setTimeout(() => (Date.now() < at ? sleep() : callback()), remaining);
    };
    sleep();
    return { cancel: () => clearTimeout(timer) };
  }
}
