import type { EpochMs } from "../clock/clock.js";
import type { Schedule } from "../schedule/schedule.js";
import type { DeadlineWatch, KeptDeadline } from "../store/deadline-table.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { coveredThrough } from "./covered-through.js";
import type { DeadlineReason } from "./deadline-record.js";
import { RECHECK_MS } from "./judge.js";
import { changed, type Found } from "./open-records.js";

/** Judges the freshness of a group: a deadline that moves with the time up to which the group is covered. */
export async function judgeFreshness(
  store: Pick<ScheduleStore, "listRuns" | "coverage">,
  watch: DeadlineWatch,
  schedule: Schedule,
  given: {
    readonly maxLagMs: number;
    readonly open: readonly KeptDeadline[];
    readonly excuse: DeadlineReason | undefined;
    readonly now: EpochMs;
  },
): Promise<Found> {
  const { maxLagMs, open, excuse, now } = given;
  const lost = open.find(({ subject }) => subject === "freshness");
  const through = await coveredThrough(store, schedule);
  const isSchedule = schedule.status !== "SOURCE";
  const hasEnded = isSchedule && schedule.nextFireAt === null && through >= schedule.watermark;
  const deadlineAt = hasEnded ? Number.POSITIVE_INFINITY : Math.max(through, watch.since) + maxLagMs;
  if (deadlineAt > now) {
    const records = lost === undefined ? [] : [changed(lost, "LATE", null, now, now)];
    return { records, lookAt: deadlineAt };
  }
  const lookAt = now + RECHECK_MS;
  if (lost !== undefined || excuse !== undefined) return { records: [], lookAt };
  const { groupId } = watch;
  const bounds = { lower: through, upper: through, deadlineAt };
  const record = { groupId, subject: "freshness", ...bounds, state: "MISSED", reason: null } as const;
  return { records: [{ ...record, since: now, metAt: null, told: "PENDING", tellAt: null }], lookAt };
}
