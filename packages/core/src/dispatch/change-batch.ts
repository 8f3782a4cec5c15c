import { isEnded } from "../run/lane.js";
import type { Run } from "../run/run.js";
import type { RunChange } from "../store/run-queue.js";
import type { EndEffect } from "../store/run-shortcuts.js";
import type { ScheduleStore } from "../store/schedule-store.js";

interface Pending {
  readonly run: Run;
  readonly change: RunChange;
  readonly resolve: (effect: EndEffect | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** The effect of a change of which the store tells nothing: anything may have begun. */
const UNKNOWN: EndEffect = { mayAdmit: true, group: undefined };

/** Sends run changes made in one turn of the event loop to the store as one batch. */
export class ChangeBatch {
  readonly #store: ScheduleStore;
  #pending: Pending[] = [];

  constructor(store: ScheduleStore) {
    this.#store = store;
  }

  /** Resolves when the change is durable, with `undefined` if the store refused it. */
  add(run: Run, change: RunChange): Promise<EndEffect | undefined> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ run, change, resolve, reject });
      if (this.#pending.length === 1) process.nextTick(() => this.#flush());
    });
  }

  #flush(): void {
    const batch = this.#pending;
    this.#pending = [];
    const store = this.#store;
    const isShort = store.endRuns === undefined ? () => false : isEnd;
    const ends = batch.filter(isShort);
    const others = ends.length === 0 ? batch : batch.filter((pending) => !isShort(pending));
    if (ends.length > 0) void answer(ends, () => store.endRuns!(ends));
    if (others.length > 0)
      void answer(others, async () => {
        const done = await store.changeRuns(others.map(({ change }) => change));
        return done.map((isDone) => (isDone ? UNKNOWN : undefined));
      });
  }
}

/** Returns whether the holder of a run ends it. */
function isEnd({ change: { state, token } }: Pending): boolean {
  return token !== undefined && isEnded(state);
}

async function answer(
  batch: readonly Pending[],
  send: () => Promise<readonly (EndEffect | undefined)[]>,
): Promise<void> {
  try {
    const effects = await send();
    batch.forEach(({ resolve }, index) => {
      resolve(effects[index]);
    });
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}
