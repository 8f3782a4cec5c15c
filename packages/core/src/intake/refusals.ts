import type { EpochMs } from "../clock/clock.js";
import { LedgerError, messageOf, ScheduleError } from "../errors/errors.js";
import { iso } from "../schedule/instant.js";
import type { Schedule } from "../schedule/schedule.js";
import type { Taken } from "./callback.js";
import type { Fired } from "./fire-batches.js";

/** When a scheduler may repeat a callback whose interval waits for runs to end, ms. */
const DEFERRED_RETRY_MS = 10_000;

/** @throws ScheduleError SCHEDULE_STATUS_ILLEGAL */
export function refusePaused({ spec, status, statusReason }: Schedule): void {
  if (status !== "PAUSED") return;
  throw new ScheduleError(
    "SCHEDULE_STATUS_ILLEGAL",
    `Schedule ${spec.groupId} is paused: ${statusReason || "no note"}. Its intervals are planned when it is resumed.`,
  );
}

/**
 * Any engine may fire what is owed; only the schedule's own engine may repeat what is done.
 *
 * @throws ScheduleError FORBIDDEN
 */
export function refuseStranger({ spec }: Schedule, engine: string): void {
  if (spec.engine.toLowerCase() === engine.toLowerCase()) return;
  throw new ScheduleError("FORBIDDEN", `Group ${spec.groupId} is on another engine, which may re-run it.`, {
    field: "rerun",
  });
}

/** @throws LedgerError PLAN_FAILED, with the time until the planner tries again */
export function refuseFailed({ groupId, outcome, error, nextFireAt }: Fired, now: EpochMs): void {
  if (outcome !== "failed") return;
  const why = error === undefined ? "the schedule's reason says why" : messageOf(error);
  throw new LedgerError("PLAN_FAILED", `Group ${groupId} cannot be planned: ${why}. It is retried.`, {
    retryAfterMs: Math.max(0, (nextFireAt ?? now) - now),
    cause: error,
  });
}

/** @throws LedgerError INTERVAL_DEFERRED if nothing is planned yet */
export function orDeferred({ spec }: Schedule, taken: Taken | undefined): Taken {
  if (taken !== undefined) return taken;
  throw new LedgerError(
    "INTERVAL_DEFERRED",
    `Group ${spec.groupId} plans this interval when runs before it have ended.`,
    { retryAfterMs: DEFERRED_RETRY_MS },
  );
}

/** Returns the error of a callback that comes too early, with the time until it may be repeated. */
export function tooEarly(dueAt: EpochMs | null, now: EpochMs): LedgerError {
  if (dueAt === null) return new LedgerError("INTERVAL_OPEN", "The schedule has no interval that is due.");
  return new LedgerError(
    "INTERVAL_OPEN",
    `This interval is not over, or not due yet: come again at ${iso(dueAt)}.`,
    { retryAfterMs: dueAt - now },
  );
}
