import type { Clock } from "../clock/clock.js";
import { LedgerError } from "../errors/errors.js";
import type { RunEvent, TidegateEmitter } from "../events/events.js";
import { isEnded } from "../run/lane.js";
import type { Run } from "../run/run.js";
import type { ScheduleStore } from "../store/schedule-store.js";

/** Interval at which the store is read for a run that another manager may have ended, ms. */
const LOOK_EVERY_MS = 1_000;

interface RunWaitsParts {
  readonly store: Pick<ScheduleStore, "getRuns">;
  readonly emitter: TidegateEmitter;
  readonly clock: Clock;
}

/** Waits for runs to end. One listener serves all waiting callers; without any there is none. */
export class RunWaits {
  readonly #parts: RunWaitsParts;
  readonly #waking = new Map<string, Set<() => void>>();
  readonly #onRunState = ({ run }: RunEvent): void => {
    for (const wake of this.#waking.get(run.id) ?? []) wake();
  };

  constructor(parts: RunWaitsParts) {
    this.#parts = parts;
  }

  /** See `Intake.waitForEnd`. */
  async wait(runId: string, waitMs: number, signal?: AbortSignal): Promise<Run> {
    const { clock, store } = this.#parts;
    const until = clock.monotonicNow() + waitMs;
    for (;;) {
      // Subscribe before reading, so that no end is missed in between.
      const change = this.#nextChange(runId, until, signal);
      try {
        const [run] = await store.getRuns([runId]);
        if (run === undefined)
          throw new LedgerError("RUN_NOT_FOUND", `There is no run ${runId}.`, { field: "id" });
        if (isEnded(run.state) || signal?.aborted || clock.monotonicNow() >= until) return run;
        await change.happened;
      } finally {
        change.forget();
      }
    }
  }

  /**
   * Resolves when the run is worth reading again.
   *
   * @param until - elapsed time at which the wait is over, ms
   */
  #nextChange(
    runId: string,
    until: number,
    signal: AbortSignal | undefined,
  ): { happened: Promise<void>; forget: () => void } {
    const { clock } = this.#parts;
    let wake = (): void => {};
    const happened = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.#add(runId, wake);
    signal?.addEventListener("abort", wake);
    const timer = clock.wakeAfter(Math.min(until - clock.monotonicNow(), LOOK_EVERY_MS), wake);
    const forget = (): void => {
      timer.cancel();
      signal?.removeEventListener("abort", wake);
      this.#remove(runId, wake);
    };
    return { happened, forget };
  }

  #add(runId: string, wake: () => void): void {
    if (this.#waking.size === 0) this.#parts.emitter.on("run-state", this.#onRunState);
    const wakes = this.#waking.get(runId);
    if (wakes === undefined) this.#waking.set(runId, new Set([wake]));
    else wakes.add(wake);
  }

  #remove(runId: string, wake: () => void): void {
    const wakes = this.#waking.get(runId);
    wakes?.delete(wake);
    if (wakes?.size === 0) this.#waking.delete(runId);
    if (this.#waking.size === 0) this.#parts.emitter.off("run-state", this.#onRunState);
  }
}
