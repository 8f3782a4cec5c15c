/** Data that each run reads: its interval's, or everything up to its scheduled time. */
export type ScheduleMode = "incremental" | "full";
