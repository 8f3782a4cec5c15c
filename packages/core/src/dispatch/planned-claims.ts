import type { PlanCommit } from "../store/run-ledger.js";
import type { ClaimedRun, ClaimRequest } from "../store/run-queue.js";
import type { ScheduleStore } from "../store/schedule-store.js";

/** Dependencies of `PlannedClaims`. */
export interface PlannedClaimsParts {
  readonly store: ScheduleStore;
  /** Returns how many runs may be claimed now without overtaking one that waits. */
  readonly room: () => number;
  readonly requestOf: (limit: number) => ClaimRequest;
  readonly launch: (claimed: readonly ClaimedRun[]) => void;
  /** Called when fewer runs were claimed than there was room kept for. */
  readonly onRoom: () => void;
}

/**
 * Plans runs and claims them in the same write, if the store can and nothing waits before them: then a run needs no
 * claim of its own.
 */
export class PlannedClaims {
  readonly #parts: PlannedClaimsParts;
  readonly #underWay = new Set<Promise<unknown>>();
  #reserved = 0;

  constructor(parts: PlannedClaimsParts) {
    this.#parts = parts;
  }

  /** How many runs may be claimed by plans in progress. */
  get reserved(): number {
    return this.#reserved;
  }

  /** Plans; see `RunLedger.plan`. */
  async plan(commits: readonly PlanCommit[]): Promise<boolean[]> {
    const { store, room } = this.#parts;
    const limit = store.planAndClaim === undefined ? 0 : Math.min(room(), commits.length);
    if (limit <= 0) return store.plan(commits);
    const work = this.#planAndClaim(commits, limit);
    this.#underWay.add(work);
    try {
      return await work;
    } finally {
      this.#underWay.delete(work);
    }
  }

  /** Resolves when no plan is in progress, and what was claimed is launched. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    await new Promise((resolve) => setImmediate(resolve));
  }

  async #planAndClaim(commits: readonly PlanCommit[], limit: number): Promise<boolean[]> {
    const { store, requestOf, launch, onRoom } = this.#parts;
    this.#reserved += limit;
    let room = limit;
    try {
      const answers = await store.planAndClaim!(commits, requestOf(limit));
      const claimed = answers.filter((answer) => typeof answer === "object");
      room -= claimed.length;
      // The planner tells first that they are planned.
      if (claimed.length > 0)
        process.nextTick(() => {
          this.#reserved -= claimed.length;
          launch(claimed);
        });
      return answers.map((answer) => answer !== "refused");
    } finally {
      this.#reserved -= room;
      if (room > 0) onRoom();
    }
  }
}
