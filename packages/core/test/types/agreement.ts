import type { z } from "zod";
import type { RunLog } from "../../src/client/run-logs.js";
import type { DeadlineRecord } from "../../src/deadlines/deadline-record.js";
import type { deadlineRecordSchema } from "../../src/deadlines/schema.js";
import type { DependencyTimeout, DependencyWindow } from "../../src/dependency/dependency.js";
import type { dependencyTimeoutSchema, dependencyWindowSchema } from "../../src/dependency/schema.js";
import type { Interval } from "../../src/interval/boundaries.js";
import type { intervalSchema } from "../../src/interval/schema.js";
import type { DirtyDataLimit } from "../../src/job/dirty-data-limit.js";
import type { JobMetrics } from "../../src/job/job-outcome.js";
import type { jobMetricsSchema } from "../../src/job/schema.js";
import type { VerifyRule } from "../../src/job/verification.js";
import type { Backfill } from "../../src/run/backfill.js";
import type { backfillSchema } from "../../src/run/backfill-schema.js";
import type { lateTimeSchema } from "../../src/run/late-schema.js";
import type { LateTime } from "../../src/run/late-time.js";
import type { runLogSchema } from "../../src/run/log-schema.js";
import type { AttemptRecord, ReadyMark, Run, RunWait } from "../../src/run/run.js";
import type { attemptRecordSchema, readyMarkSchema, runSchema, runWaitSchema } from "../../src/run/schema.js";
import type { Freshness } from "../../src/schedule/deadline.js";
import type { ParsedScheduleInfo } from "../../src/schedule/parse.js";
import type {
  BackoffSpec,
  Schedule,
  ScheduleInfo,
  ScheduleSpec,
  ScheduleVersion,
  SealRule,
} from "../../src/schedule/schedule.js";
import type {
  backoffSchema,
  dirtyDataLimitSchema,
  freshnessSchema,
  scheduleInfoSchema,
  scheduleSpecSchema,
  sealSchema,
  shardPolicySchema,
  verifyRuleSchema,
} from "../../src/schedule/schema.js";
import type { scheduleSchema, scheduleVersionSchema } from "../../src/schedule/stored-schema.js";
import type { ShardPolicy } from "../../src/shard/shard.js";
import type { triggerSchema } from "../../src/trigger/trigger-schema.js";
import type { TriggerSpec } from "../../src/trigger/trigger-spec.js";
import type { Assert, Equals, Shape } from "./equals.js";

type Agrees<Type, Read, But extends string = never> = Equals<Shape<Omit<Read, But>>, Shape<Omit<Type, But>>>;
type Named<Type, Read> = Equals<keyof Type, keyof Read>;

type Input = z.input<typeof scheduleInfoSchema>;
type Spec = z.output<typeof scheduleSpecSchema>;

/** The types that users see, and the schemas that define them, agree. Checked by the compiler. */
export type Agreement = [
  // Code may also pass a `Date`, and the type of a job is the user's.
  Assert<Agrees<ScheduleInfo, Input, "startTime" | "endTime" | "job">>,
  Assert<Named<ScheduleInfo, Input>>,
  Assert<Agrees<ParsedScheduleInfo, z.output<typeof scheduleInfoSchema>, "job">>,
  Assert<Agrees<ScheduleSpec, Spec, "job">>,
  Assert<Named<ScheduleSpec, Spec>>,
  Assert<Equals<Shape<TriggerSpec>, Shape<z.input<typeof triggerSchema>>>>,
  Assert<Agrees<RunLog, z.output<typeof runLogSchema>>>,
  Assert<Agrees<BackoffSpec, z.output<typeof backoffSchema>>>,
  Assert<Agrees<VerifyRule, z.input<typeof verifyRuleSchema>>>,
  Assert<Agrees<DirtyDataLimit, z.output<typeof dirtyDataLimitSchema>>>,
  Assert<Agrees<DependencyWindow, z.input<typeof dependencyWindowSchema>>>,
  Assert<Agrees<DependencyTimeout, z.input<typeof dependencyTimeoutSchema>>>,
  Assert<Agrees<Schedule, z.output<typeof scheduleSchema>, "spec">>,
  Assert<Named<Schedule, z.output<typeof scheduleSchema>>>,
  Assert<Agrees<ScheduleVersion, z.output<typeof scheduleVersionSchema>, "spec">>,
  Assert<Named<ScheduleVersion, z.output<typeof scheduleVersionSchema>>>,
  Assert<Agrees<Run, z.output<typeof runSchema>>>,
  Assert<Agrees<RunWait, z.output<typeof runWaitSchema>>>,
  Assert<Agrees<ReadyMark, z.output<typeof readyMarkSchema>>>,
  Assert<Agrees<AttemptRecord, z.output<typeof attemptRecordSchema>>>,
  Assert<Agrees<LateTime, z.output<typeof lateTimeSchema>>>,
  Assert<Agrees<Backfill, z.output<typeof backfillSchema>>>,
  Assert<Agrees<DeadlineRecord, z.output<typeof deadlineRecordSchema>>>,
  Assert<Equals<Shape<Freshness>, Shape<z.output<typeof freshnessSchema>>>>,
  Assert<Agrees<SealRule, z.output<typeof sealSchema>>>,
  Assert<Equals<Shape<ShardPolicy>, Shape<z.output<typeof shardPolicySchema>>>>,
  Assert<Agrees<Interval, z.output<typeof intervalSchema>>>,
  Assert<Agrees<JobMetrics, z.output<typeof jobMetricsSchema>>>,
];
