/** Why a run exists: the schedule's own progress, a backfill, or a person's wish. */
export type RunKind = "SCHEDULED" | "BACKFILL" | "MANUAL";
