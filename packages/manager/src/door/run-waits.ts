import {
  type Clock,
  type EpochMs,
  isEnded,
  type Run,
  type RunEvent,
  type ScheduleClient,
  type TidegateEmitter,
} from "@tidegate/core";

/** Interval at which the store is read for a run that another manager may have ended, ms. */
const LOOK_EVERY_MS = 1_000;

/** Waits for runs to end. One listener serves all waiting callers. */
export class RunWaits {
  readonly #client: ScheduleClient;
  readonly #events: TidegateEmitter;
  readonly #clock: Clock;
  readonly #waking = new Map<string, Set<() => void>>();
  readonly #onRunState = ({ run }: RunEvent): void => {
    for (const wake of this.#waking.get(run.id) ?? []) wake();
  };
  #isClosed = false;

  constructor(parts: { client: ScheduleClient; events: TidegateEmitter; clock: Clock }) {
    this.#client = parts.client;
    this.#events = parts.events;
    this.#clock = parts.clock;
    this.#events.on("run-state", this.#onRunState);
  }

  /**
   * Returns a run once it has ended, or as it stands when the wait is over.
   *
   * @param signal - ends the wait when the caller has gone away
   * @throws LedgerError RUN_NOT_FOUND
   */
  async wait(runId: string, waitMs: number, signal: AbortSignal): Promise<Run> {
    const until = this.#clock.now() + waitMs;
    for (;;) {
      // Subscribe before reading, so that no end is missed in between.
      const change = this.#nextChange(runId, until, signal);
      try {
        const run = await this.#client.getRun(runId);
        if (isEnded(run.state) || this.#isClosed || signal.aborted || this.#clock.now() >= until) return run;
        await change.happened;
      } finally {
        change.forget();
      }
    }
  }

  /** Releases all waiting callers. */
  close(): void {
    this.#isClosed = true;
    this.#events.off("run-state", this.#onRunState);
    for (const wakes of this.#waking.values()) for (const wake of [...wakes]) wake();
  }

  /** Resolves when the run is worth reading again. */
  #nextChange(
    runId: string,
    until: EpochMs,
    signal: AbortSignal,
  ): { happened: Promise<void>; forget: () => void } {
    const wakes = this.#waking.get(runId) ?? new Set();
    this.#waking.set(runId, wakes);
    let wake = (): void => {};
    const happened = new Promise<void>((resolve) => {
      wake = resolve;
    });
    wakes.add(wake);
    signal.addEventListener("abort", wake);
    const timer = this.#clock.wakeAt(Math.min(until, this.#clock.now() + LOOK_EVERY_MS), wake);
    const forget = (): void => {
      timer.cancel();
      signal.removeEventListener("abort", wake);
      wakes.delete(wake);
      if (wakes.size === 0 && this.#waking.get(runId) === wakes) this.#waking.delete(runId);
    };
    return { happened, forget };
  }
}
