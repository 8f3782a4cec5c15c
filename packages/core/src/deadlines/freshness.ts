import type { Schedule } from "../schedule/schedule.js";
import type { DeadlineWatch } from "../store/deadline-table.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { coveredThrough } from "./covered-through.js";
import { judgeMoving, type MovingTerms } from "./moving-deadline.js";
import type { Found } from "./open-records.js";

/** Judges the freshness of a group: a deadline that moves with the time up to which the group is covered. */
export async function judgeFreshness(
  store: Pick<ScheduleStore, "listRuns" | "coverage" | "listDeadlines">,
  watch: DeadlineWatch,
  schedule: Schedule,
  given: MovingTerms & { readonly maxLagMs: number },
): Promise<Found> {
  const through = await coveredThrough(store, schedule);
  const isSchedule = schedule.status !== "SOURCE";
  const hasEnded = isSchedule && schedule.nextFireAt === null && through >= schedule.watermark;
  const { maxLagMs: withinMs, now: metAt } = given;
  return judgeMoving(store, watch, { subject: "freshness", through, withinMs, hasEnded, metAt }, given);
}
