import type { Clock } from "../clock/clock.js";
import { LedgerError, messageOf } from "../errors/errors.js";
import type { CancelRequest } from "../events/events.js";
import type { ScheduleOperator } from "../operator/operator.js";
import type { SpecCache } from "../planning/spec-cache.js";
import type { Run, RunReason } from "../run/run.js";
import type { PageRequest, RunChange, RunFilter, ScheduleStore } from "../store/schedule-store.js";
import { AttemptContext } from "./attempt-context.js";
import { JobStop } from "./job-stop.js";
import { jobRequest } from "./request.js";

/** How many runs of a lane are listed at once. */
const LANE_LIMIT = 1_000;

/** What runs are cancelled with. */
export interface RunCancelParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  /** By lower-case type. */
  readonly operators: ReadonlyMap<string, ScheduleOperator>;
  readonly specs: SpecCache;
  /** Makes a change of a run durable; `false` where the run is not as expected. */
  readonly change: (run: Run, change: RunChange) => Promise<boolean>;
  /** Cancels a run that this manager has active; `false` when it has not. */
  readonly cancelActive: (id: string, reason: RunReason) => boolean;
  readonly onTrouble: (error: unknown, run: Run) => void;
}

/**
 * Cancels runs wherever they stand: an active one by asking its holder, any other once its job is known to be at an end. A
 * run between two attempts, or one that has failed, may have a job at large, whose interval must not become another's.
 */
export class RunCancel {
  readonly #parts: RunCancelParts;

  constructor(parts: RunCancelParts) {
    this.#parts = parts;
  }

  /** Cancels the open runs of live lanes. One that cannot be cancelled now is a trouble, and asked for again. */
  async cancelLanes({ groupIds, reason }: CancelRequest): Promise<void> {
    for (const groupId of groupIds) {
      const open: RunFilter = { groupId, kinds: ["SCHEDULED"], states: ["PLANNED", "SUBMITTING", "RUNNING"] };
      let page: PageRequest | undefined = { limit: LANE_LIMIT };
      while (page !== undefined) {
        const { items, next } = await this.#parts.store.listRuns(open, page);
        for (const run of items)
          await this.cancel(run, reason).catch((error: unknown) => this.#parts.onTrouble(error, run));
        page = next === undefined ? undefined : { ...page, cursor: next };
      }
    }
  }

  /**
   * Cancels a run that has not ended, or has failed; `false` when it has ended otherwise. An active one is marked, and ends
   * when its job has.
   *
   * @throws LedgerError RUN_STATE_ILLEGAL when a job of a run that nobody holds cannot be stopped, or has succeeded
   */
  async cancel(run: Run, reason: RunReason): Promise<boolean> {
    const { store, clock, change, cancelActive } = this.#parts;
    const isHeld = run.state === "SUBMITTING" || run.state === "RUNNING";
    if (!isHeld && run.isJobOpen) await this.#requireJobOver(run);
    const common = { id: run.id, state: "CANCELLED", at: clock.now(), reason } as const;
    const closed = run.isJobOpen && !isHeld ? { isJobOpen: false } : {};
    const isPlannedCancelled = await change(run, {
      ...common,
      ...closed,
      from: ["PLANNED"],
      endedAt: clock.now(),
      givesBack: reason === "overlap-cancelled",
    });
    if (isPlannedCancelled) return true;
    const [isRequested] = await store.requestCancel([run.id], reason);
    if (isRequested) cancelActive(run.id, reason);
    if (isRequested || reason !== "cancelled") return isRequested === true;
    const now = (await store.getRuns([run.id]))[0];
    if (now?.state !== "FAILED") return false;
    if (now.isJobOpen && run.state !== "FAILED") await this.#requireJobOver(now);
    return change(now, { ...common, from: ["FAILED"], isBlocking: false, isJobOpen: false });
  }

  /** Stops what may be working for a run that nobody holds. */
  async #requireJobOver(run: Run): Promise<void> {
    if (run.state !== "PLANNED" && run.state !== "FAILED") return;
    const { clock, operators, specs, onTrouble } = this.#parts;
    const spec = await specs.get(run);
    const operator = spec && operators.get(spec.operator.toLowerCase());
    if (spec === undefined || operator === undefined) {
      throw atLarge(run, `its operator "${spec?.operator ?? "unknown"}" is not here`);
    }
    const stop = new JobStop({
      clock,
      operator,
      request: jobRequest(run, spec),
      context: (abort) => new AttemptContext(abort, spec.dirtyData),
      isOver: () => false,
      onTrouble: (error) => onTrouble(error, run),
    });
    const end = await stop.once().catch((error: unknown) => {
      throw atLarge(run, messageOf(error), error);
    });
    if (end === "open") throw atLarge(run, "the operator does not know whether there is one");
    if (end === "none" || end.outcome?.state !== "SUCCEEDED") return;
    throw new LedgerError(
      "RUN_STATE_ILLEGAL",
      `The job of run ${run.id} has succeeded, so the run is not cancelled; its next attempt takes the success over.`,
    );
  }
}

function atLarge(run: Run, problem: string, cause?: unknown): LedgerError {
  return new LedgerError(
    "RUN_STATE_ILLEGAL",
    `A job of run ${run.id} may still be working and could not be stopped: ${problem}. Cancel the run again later, or retry it: its next attempt looks for the job first.`,
    { cause },
  );
}
