export {
  aBackfill,
  aNewSchedule,
  aPlan,
  aRun,
  aSpec,
  MINUTE,
  minute,
  type NewScheduleOverrides,
  type PlanOverrides,
  START,
} from "./builders.js";
export {
  type CountingOperator,
  countingOperator,
  type EngineClientUnderTest,
  type EngineFeatures,
  type EngineFixture,
  type EngineProcess,
  type EngineSuiteContext,
  type EngineSuiteOptions,
  type EngineUnderTest,
  engineSuite,
  type Ledger,
  reconciled,
  type UntilOptions,
  until,
} from "./engine-suite/engine-suite.js";
export {
  aGateRequest,
  type GateFixture,
  type GateSuiteOptions,
  gateSuite,
} from "./gate-suite/gate-suite.js";
export type { OffsetFixture, OffsetProviderSuiteOptions, OffsetRecord } from "./offset-suite/fixture.js";
export { offsetProviderSuite } from "./offset-suite/offset-provider-suite.js";
export { untroubled } from "./operator-suite/conduct.js";
export {
  type OperatorFeatures,
  type OperatorFixture,
  type OperatorSuiteOptions,
  operatorSuite,
  type PositionBed,
  type PositionRange,
  type RequestFactory,
} from "./operator-suite/operator-suite.js";
export { aRequest } from "./operator-suite/request.js";
export {
  aQuestion,
  type ProbeFixture,
  type ProbeSuiteOptions,
  probeSuite,
} from "./probe-suite/probe-suite.js";
export {
  type DoubledSpan,
  type DoubtfulPair,
  type JobRecord,
  type JobRecordEvent,
  type JobRecorderOptions,
  type JudgeInput,
  jobRecorder,
  jobsOf,
  judgeRecording,
  type RecordedJob,
  type RecordFile,
  type RecordFileOptions,
  type Recording,
  type RecordSink,
  readRecording,
  recordFile,
  type Span,
  type Verdict,
} from "./recorder/index.js";
export {
  type StoreFeatures,
  type StoreFixture,
  type StoreSuiteOptions,
  storeSuite,
} from "./store-suite/store-suite.js";
