/**
 * Data that the runs of a schedule read: each its interval's (`incremental`), each everything up to its scheduled time
 * (`full`), or the first run everything and those after it their intervals' (`full-then-incremental`).
 */
export type ScheduleMode = "incremental" | "full" | "full-then-incremental";

/** Data that one run reads: its interval's, or everything up to its upper bound. */
export type ReadMode = Exclude<ScheduleMode, "full-then-incremental">;
