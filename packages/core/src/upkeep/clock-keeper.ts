import type { Clock } from "../clock/clock.js";
import type { FleetClock } from "../clock/fleet-clock.js";
import { ConfigurationError, messageOf } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { Routine } from "./routine.js";

/** How often the store's clock is read, ms. */
const MEASURE_EVERY_MS = 60_000;

/** Delay before the store's clock is read again after the machine's clock was set, ms. */
const MEASURE_AFTER_STEP_MS = 1;

interface ClockKeeperParts {
  readonly clock: FleetClock;
  /** Times the measurements. */
  readonly machine: Clock;
  readonly store: ScheduleStore;
  readonly emitter: TidegateEmitter;
  /** A larger skew is reported, ms. */
  readonly maxSkewMs: number;
  /** With a larger skew this manager does not start, ms. */
  readonly refusedSkewMs: number;
}

/**
 * Makes this manager follow the clock of a shared store, measures the skew, and reports when a clock was set.
 */
export class ClockKeeper {
  readonly #parts: ClockKeeperParts;
  readonly #measuring: Routine;

  constructor(parts: ClockKeeperParts) {
    this.#parts = parts;
    this.#measuring = new Routine({
      clock: parts.machine,
      pass: () => this.#measure(),
      onError: (error) => this.#trouble(error),
      retryMs: MEASURE_EVERY_MS,
    });
  }

  /**
   * Reads the store's clock for the first time; the store must be open.
   *
   * @throws ConfigurationError CLOCK_SKEWED if this machine's clock is too far from the store's
   */
  async start(): Promise<void> {
    const { clock, store, maxSkewMs, refusedSkewMs } = this.#parts;
    clock.onStep = (stepMs) => this.#onStep(stepMs);
    if (!store.isShared) return;
    const skewMs = await clock.follow(() => store.now(), maxSkewMs);
    if (Math.abs(skewMs) > refusedSkewMs) {
      throw new ConfigurationError(
        "CLOCK_SKEWED",
        `This machine's clock is ${described(skewMs)} the store's, more than refuseClockSkewMs allows (${refusedSkewMs} ms). Set the clock, such as by NTP, or raise the setting.`,
        { field: "refuseClockSkewMs" },
      );
    }
    this.#judge(skewMs);
    this.#measuring.start(MEASURE_EVERY_MS);
  }

  async stop(): Promise<void> {
    this.#parts.clock.onStep = undefined;
    await this.#measuring.stop();
    this.#parts.clock.forget();
  }

  #onStep(stepMs: number): void {
    // Emit later, not in the middle of the caller's read of the time.
    queueMicrotask(() => this.#parts.emitter.emit("clock-stepped", { stepMs }));
    this.#measuring.runWithin(MEASURE_AFTER_STEP_MS);
  }

  /**
   * Measures the skew. If the store is unavailable, the clock continues from the last reading by elapsed
   * time.
   */
  async #measure(): Promise<number> {
    const { clock, store, maxSkewMs } = this.#parts;
    this.#judge(await clock.follow(() => store.now(), maxSkewMs));
    return MEASURE_EVERY_MS;
  }

  #trouble(error: unknown): void {
    this.#parts.emitter.emit("trouble", {
      where: "clock",
      error: { code: "STORE_UNAVAILABLE", message: `The store's clock was not read: ${messageOf(error)}` },
    });
  }

  #judge(skewMs: number): void {
    const { emitter, maxSkewMs } = this.#parts;
    if (Math.abs(skewMs) > maxSkewMs) emitter.emit("clock-skew", { skewMs, maxSkewMs });
  }
}

function described(skewMs: number): string {
  return `${Math.abs(Math.round(skewMs))} ms ${skewMs > 0 ? "ahead of" : "behind"}`;
}
