import type { Backfill } from "../../run/backfill.js";
import type { Instant } from "../../schedule/instant.js";
import type { Seal } from "../../store/seal-table.js";
import type { BackfillPlan, BackfillRequest } from "../backfill-control.js";
import type { Restatement, RestatementPlan, RestatementRequest } from "../restatement-control.js";
import type { ForceOptions } from "../seals.js";

/** Runs past time again, and seals it against that. A part of `ScheduleClient`. */
export interface RerunOperations {
  /**
   * Re-runs a past range alongside the live schedule. It is one row, whatever its length; its runs are
   * planned when their turn comes.
   *
   * @throws ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_STATUS_ILLEGAL (unregistered); LedgerError
   *   INTERVAL_INVALID (not instants, empty, or not in the past; an id such as Tidegate itself gives)
   */
  backfill(request: BackfillRequest): Promise<BackfillPlan>;

  /** Returns a backfill, or `undefined` if there is none with that id. */
  getBackfill(id: string): Promise<Backfill | undefined>;

  /** Stops planning runs of a backfill; active ones finish. @throws LedgerError RUN_NOT_FOUND */
  cancelBackfill(id: string): Promise<void>;

  /**
   * Plans to run time of a group again, and with `cascade: "downstream"` all that follows from it: per group the
   * intervals, and where the cascade stops. Changes nothing; `applyRestatement` begins it.
   *
   * @throws ScheduleError SCHEDULE_NOT_FOUND; LedgerError INTERVAL_INVALID (with the field), SEALED (of any group
   *   that it reaches, without `force`)
   */
  restate(request: RestatementRequest): Promise<RestatementPlan>;

  /**
   * Begins a planned restatement: a backfill for each stretch of time of each group. The coverage of an interval
   * stands until its new generation has succeeded. May be repeated: the same plan begins once.
   *
   * @throws LedgerError PLAN_OUTDATED if a ledger or a schedule of it has changed since it was planned,
   *   INTERVAL_INVALID if it is no plan; ScheduleError SCHEDULE_NOT_FOUND
   */
  applyRestatement(planId: string): Promise<Restatement>;

  /**
   * Seals a group's time up to an instant: it cannot be re-run, backfilled or reported again without `force`.
   * Everything before the instant must be covered, and nothing of it may be in progress, nor any full copy. A re-run that
   * comes at the same moment is refused, or refuses the seal.
   *
   * @param until - exclusive: epoch ms, a `Date` or ISO 8601 with an offset
   * @param note - the reason, for people, at most 2,000 characters
   * @param options - `force`: also moves a seal back, which opens time again
   * @throws ScheduleError SCHEDULE_NOT_FOUND; LedgerError INTERVAL_INVALID, INTERVAL_OPEN (not covered, or being
   *   written again), SEALED (sealed beyond the instant)
   */
  seal(groupId: string, until: Instant, note?: string, options?: ForceOptions): Promise<Seal>;
}
