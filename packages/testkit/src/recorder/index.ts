export type * from "./job-record.js";
export { type JobRecorderOptions, jobRecorder } from "./job-recorder.js";
export * from "./judge.js";
export * from "./record-file.js";
export { jobsOf, type RecordedJob } from "./recorded-job.js";
export type { Span } from "./spans.js";
