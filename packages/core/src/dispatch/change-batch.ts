import type { RunChange } from "../store/run-queue.js";
import type { ScheduleStore } from "../store/schedule-store.js";

interface Pending {
  readonly change: RunChange;
  readonly resolve: (isDone: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** Sends run changes made in one turn of the event loop to the store as one batch. */
export class ChangeBatch {
  readonly #store: ScheduleStore;
  #pending: Pending[] = [];

  constructor(store: ScheduleStore) {
    this.#store = store;
  }

  /** Resolves when the change is durable, with `false` if the store refused it. */
  add(change: RunChange): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ change, resolve, reject });
      if (this.#pending.length === 1) process.nextTick(() => void this.#flush());
    });
  }

  async #flush(): Promise<void> {
    const batch = this.#pending;
    this.#pending = [];
    try {
      const results = await this.#store.changeRuns(batch.map(({ change }) => change));
      batch.forEach(({ resolve }, index) => {
        resolve(results[index] === true);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
