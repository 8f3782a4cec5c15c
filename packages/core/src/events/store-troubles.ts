import type { Clock } from "../clock/clock.js";
import { isStoreWide } from "../errors/store-wide.js";

/** How long the same error of the store as a whole is not reported again, ms. */
const QUIET_MS = 10_000;

/** A trouble, as far as it matters here: see `TroubleEvent`. */
interface Trouble {
  readonly where: string;
  readonly error: { readonly code: string };
  readonly omitted?: number;
}

/** A report by a source, and how many like it were left out since. */
interface Reported {
  readonly quietUntil: number;
  omitted: number;
}

/**
 * Thins out what an outage of the store causes: everything that is under way fails again and again with the same
 * error, which is one event for each source, not a thousand.
 */
export class StoreTroubles {
  readonly #clock: Clock;
  readonly #reported = new Map<string, Reported>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns the event as it is to be emitted; `undefined` if the same was reported just now. */
  thinned<Event extends Trouble>(trouble: Event): Event | undefined {
    const { where, error } = trouble;
    if (!isStoreWide(error.code)) return trouble;
    const key = `${where} ${error.code}`;
    const now = this.#clock.monotonicNow();
    const last = this.#reported.get(key);
    if (last !== undefined && now < last.quietUntil) {
      last.omitted += 1;
      return undefined;
    }
    this.#reported.set(key, { quietUntil: now + QUIET_MS, omitted: 0 });
    return last === undefined || last.omitted === 0 ? trouble : { ...trouble, omitted: last.omitted };
  }
}
