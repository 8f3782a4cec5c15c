/**
 * Origin of a run: the schedule's own progress, a backfill, a person's request, or a report of what others have
 * done, which is never executed.
 */
export type RunKind = "SCHEDULED" | "BACKFILL" | "MANUAL" | "REPORTED";
