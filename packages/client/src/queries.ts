import type { DeadlineFilter, LateFilter, RunFilter, ScheduleFilter } from "@tidegate/core/store";

/** A filter of schedules. All given fields must match. */
export type ScheduleQuery = Pick<ScheduleFilter, "statuses" | "engine" | "groupIdPrefix" | "labels">;

/** A filter of runs. All given fields must match. */
export type RunQuery = Pick<
  RunFilter,
  "groupId" | "states" | "kinds" | "backfillId" | "isJobOpen" | "order"
> & { readonly isBlocking?: true };

/** A filter of deadlines. All given fields must match. */
export type DeadlineQuery = Pick<DeadlineFilter, "groupId" | "states" | "subjects" | "within" | "order">;

/** A filter of late data. All given fields must match. */
export type LateQuery = Pick<LateFilter, "groupId" | "states" | "within">;
