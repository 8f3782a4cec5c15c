export type { JobRecord, JobRecordEvent, RecordSink } from "./job-record.js";
export { type JobRecorderOptions, jobRecorder } from "./job-recorder.js";
export {
  type DoubledSpan,
  type DoubtfulPair,
  type JudgeInput,
  judgeRecording,
  type Verdict,
} from "./judge.js";
export {
  type RecordFile,
  type RecordFileOptions,
  type Recording,
  readRecording,
  recordFile,
} from "./record-file.js";
export { jobsOf, type RecordedJob } from "./recorded-job.js";
export type { Span } from "./spans.js";
