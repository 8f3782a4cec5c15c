/** What each run reads: its interval's data, or everything up to its scheduled time. */
export type ScheduleMode = "incremental" | "full";
