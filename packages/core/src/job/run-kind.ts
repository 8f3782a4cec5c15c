/** Origin of a run: the schedule's own progress, a backfill, or a person's request. */
export type RunKind = "SCHEDULED" | "BACKFILL" | "MANUAL";
