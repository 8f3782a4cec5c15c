import type { Clock, ClockTimer } from "@tidegate/core/clock";
import type { EngineSettings } from "./options.js";
import type { ScheduleTable, TableData } from "./schedule-table.js";

/** Interval at which other processes check whether there still is a ticker, ms. */
const STAND_BY_MS = 250;

/** Delay after a failed check, ms. */
const RETRY_MS = 250;

/** Dependencies of `Ticker`. */
export interface TickerParts {
  readonly table: ScheduleTable;
  readonly clock: Clock;
  /** Identifies this process among those that share the firing. */
  readonly owner: string;
  readonly settings: EngineSettings;
  /** Calls this many workers. */
  readonly call: (count: number) => Promise<void>;
  readonly onTrouble: (error: unknown) => void;
  /** Called when the server has lost schedules. */
  readonly onLoss: () => void;
}

/**
 * Checks for due fires and calls workers. One process does so for all while the others stand by; two at once
 * do no harm, since the server hands out the fires.
 */
export class Ticker {
  readonly #parts: TickerParts;
  #isRunning = false;
  #timer: ClockTimer | undefined;
  #look: Promise<void> = Promise.resolve();
  #data: TableData | undefined;

  constructor(parts: TickerParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#isRunning = true;
    this.#lookIn(0);
  }

  /** Resolves when another process may be the ticker. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#timer?.cancel();
    await this.#look;
    const { table, owner, onTrouble } = this.#parts;
    await table.resign(owner).catch(onTrouble);
  }

  #lookIn(ms: number): void {
    const { clock } = this.#parts;
    this.#timer = clock.wakeAt(clock.now() + ms, () => {
      const startedAt = clock.now();
      this.#look = this.#lookOnce()
        .catch((error) => {
          this.#parts.onTrouble(error);
          return RETRY_MS;
        })
        .then((pauseMs) => {
          if (this.#isRunning) this.#lookIn(Math.max(0, startedAt + pauseMs - clock.now()));
        });
    });
  }

  /** Returns when the next check begins, ms after the start of this one. */
  async #lookOnce(): Promise<number> {
    const { table, clock, owner, call } = this.#parts;
    const { tickMs, pollMs } = this.#parts.settings;
    const { isTicker, calls, idleMs, data } = await table.look(owner, clock.now());
    this.#noticeLoss(data);
    if (calls > 0 && this.#isRunning) await call(calls);
    if (!isTicker) return Math.min(idleMs ?? STAND_BY_MS, STAND_BY_MS);
    return Math.max(tickMs, Math.min(idleMs ?? pollMs, pollMs));
  }

  /** Each process does so for itself: the one that notices first may die before anything is repaired. */
  #noticeLoss(data: TableData): void {
    const before = this.#data;
    this.#data = data;
    if (before === undefined) return;
    if (data.id !== before.id || data.revision < before.revision) this.#parts.onLoss();
  }
}
