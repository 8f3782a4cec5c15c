import type { TidegateEmitter, TidegateEvents } from "@tidegate/core";
import type { FastifyBaseLogger } from "fastify";

type Log = Pick<FastifyBaseLogger, "info" | "warn">;

/**
 * Logs what an operator of the service wants to know: what fails, is late or is repaired, failed runs,
 * deadlines at risk, and schedules whose status changed.
 *
 * @returns a function that stops it
 */
export function logEvents(events: TidegateEmitter, log: Log): () => void {
  const listeners: Partial<TidegateEvents> = {
    trouble: (trouble) => log.warn(trouble, "trouble"),
    "engine-silent": (silence) => log.warn(silence, "engine silent"),
    "engine-differs": (difference) => log.warn(difference, "engine differs"),
    "engine-forgot": (loss) => log.warn(loss, "engine forgot"),
    "engine-repaired": (repair) => log.info(repair, "engine repaired"),
    "engine-drift": (drift) => log.info(drift, "engine drift"),
    "run-stale": ({ run: { id, groupId, lower, upper, staleAt }, backfillId }) =>
      log.info({ runId: id, groupId, lower, upper, staleAt, backfillId }, "run stale"),
    "late-data": ({ late }) => log.info(late, "late data"),
    "late-after-seal": ({ late }) => log.warn(late, "late after seal"),
    "coverage-reported": (report) => log.info(report, "coverage reported"),
    "schedule-status": (change) => log[change.status === "FAILED" ? "warn" : "info"](change, "schedule"),
    "deadline-at-risk": (deadline) => log.warn(deadline, "deadline at risk"),
    "deadline-missed": (deadline) => log.warn(deadline, "deadline missed"),
    "deadline-recovered": (deadline) => log.info(deadline, "deadline recovered"),
    "freshness-lost": (freshness) => log.warn(freshness, "freshness lost"),
    "freshness-recovered": (freshness) => log.info(freshness, "freshness recovered"),
    "data-missing": (data) => log.warn(data, "data missing"),
    "data-recovered": (data) => log.info(data, "data recovered"),
    "offsets-expiring": (headroom) => log.warn(headroom, "offsets expiring"),
    "run-state": ({ run: { id, groupId, lower, upper, state, error } }) => {
      if (state === "FAILED") log.warn({ runId: id, groupId, lower, upper, error }, "run failed");
    },
  };
  const entries = Object.entries(listeners) as [keyof TidegateEvents, () => void][];
  for (const [name, listener] of entries) events.on(name, listener);
  return () => {
    for (const [name, listener] of entries) events.off(name, listener);
  };
}
