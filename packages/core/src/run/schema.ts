import { z } from "zod";
import { intervalSchema } from "../interval/schema.js";
import { jobMetricsSchema, runKindSchema } from "../job/schema.js";
import { runOffsetsSchema } from "../offset/schema.js";
import { at, maybeAt } from "../shape/field.js";

/** The schema of a `RunState`. */
export const runStateSchema = z
  .enum(["PLANNED", "SUBMITTING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "SKIPPED"])
  .meta({
    id: "RunState",
    description:
      "The state of a run: `PLANNED → SUBMITTING → RUNNING → SUCCEEDED | FAILED | CANCELLED`, or `SKIPPED` from the start. `SUBMITTING` is written before the operator is called.",
  });

/** The schema of a `RunReason`. */
export const runReasonSchema = z
  .enum([
    "catchup-coalesced",
    "catchup-dropped",
    "catchup-window",
    "overlap-dropped",
    "overlap-coalesced",
    "overlap-cancelled",
    "cancelled",
    "unregistered",
    "source-empty",
    "source-expired",
    "source-rebased",
    "snapshot-covered",
    "not-scheduled",
  ])
  .meta({
    id: "RunReason",
    description: "Why an interval did not run, or why a run covers more than one nominal interval.",
  });

/** The schema of a `RunError`. */
export const runErrorSchema = z
  .object({
    code: z.string().describe("Stable, in upper case."),
    message: z.string().describe("For people."),
  })
  .meta({
    id: "RunError",
    description: "Why a run or an attempt failed.",
    examples: [{ code: "JOB_FAILED", message: "The service answered 500." }],
  });

/** The schema of an `AttemptRecord`. */
export const attemptRecordSchema = z
  .object({
    attempt: z.int().describe("1 for the first."),
    submittedAt: maybeAt("When it was submitted", "if it never was"),
    endedAt: at("When it ended"),
    jobId: z.string().nullable().describe("Id of its job, as the operator reported it."),
    error: runErrorSchema.describe("Why it failed."),
  })
  .meta({ id: "Attempt", description: "An ended attempt of a run that was retried afterwards." });

/** The schema of a `Place`. */
export const placeSchema = z.enum(["waiting", "gated", "ready", "active", "blocking", "none"]).meta({
  id: "RunPlace",
  description:
    "A run's place in its group's lane: `waiting` for admission, `gated` by a condition (without taking a place), `ready` to be claimed, `active`, `blocking` the lane after a failure, or `none` once it has ended.",
});

/** The schema of an `UnmetDependency`. */
export const unmetDependencySchema = z
  .object({
    groupId: z.string().describe("The group that is depended on."),
    window: intervalSchema.describe("The time that its ledger must cover."),
    by: z
      .enum(["succeeded", "settled"])
      .describe(
        "The runs that cover time: those that succeeded, or also those that were given up on purpose.",
      ),
    missing: z
      .array(intervalSchema)
      .readonly()
      .describe("The parts of it that are not covered, the first 100."),
    missingMs: z.int().describe("How much is not covered, ms."),
    timesOutAt: z
      .int()
      .optional()
      .describe("When it has waited long enough, epoch ms, if it does not wait for ever."),
    handOver: intervalSchema
      .optional()
      .describe(
        "The time between the upper bound of the group's full copy and the end of its job, if increments have not covered it yet. The copy may hold rows of it, so that all time before its end counts as missing.",
      ),
  })
  .meta({ id: "UnmetDependency", description: "A dependency that keeps a run waiting." });

/** The schema of a `RunWait`. */
export const runWaitSchema = z
  .object({
    reason: z
      .string()
      .describe(
        "`lane`: for a place in its lane; `retry`: for the time of its next attempt; `gate`: for its gates to be asked; the reasons of the gates that hold it; or why its source cannot be asked.",
      ),
    since: at("Start of the wait"),
    missing: z
      .array(intervalSchema)
      .readonly()
      .optional()
      .describe("The time that is missing upstream, if a gate waits for data."),
    lookAgainAt: z
      .int()
      .optional()
      .describe("When its gates are asked again at the latest, epoch ms, if gates hold it."),
    wokenBy: z
      .array(z.string())
      .readonly()
      .optional()
      .describe("Ids of groups; when a run of any of them ends, its gates are asked again at once."),
    unmet: z
      .array(unmetDependencySchema)
      .readonly()
      .optional()
      .describe("The dependencies that are not met, if it waits for groups."),
    isOverdue: z.boolean().optional().describe("Whether it has waited longer than it should."),
  })
  .meta({ id: "RunWait", description: "Why a run waits." });

/** The schema of a `ReadyMark`. */
export const readyMarkSchema = z
  .object({ at: at("When it was given"), note: z.string().describe("Why, for people.") })
  .meta({ id: "ReadyMark", description: "A person's word that a run may begin, whatever its gates say." });

/** The schema of a `RunInput`. */
export const runInputSchema = z
  .object({
    groupId: z.string().describe("The group that is read."),
    lower: at("Inclusive lower bound of the time"),
    upper: at("Exclusive upper bound of the time"),
    digest: z
      .string()
      .describe("The digest of what had succeeded in that time, as a group's coverage returns it."),
    missing: z.array(intervalSchema).readonly().optional().describe("The part of it that was not covered."),
    isIgnored: z.boolean().optional().describe("Whether changes of it leave the run as it is."),
  })
  .meta({ id: "RunInput", description: "Time of another group that a run reads, as its gates found it." });

/** The schema of a `RunSnapshot`. */
export const runSnapshotSchema = z
  .object({
    cause: z
      .enum(["first", "rebased", "requested", "recurring", "loss"])
      .describe(
        "Why it is one: the `first` run of the ledger, or of a reading that a person began (`rebased`); a person has asked for it (`requested`); its interval has a time of `fullEvery` (`recurring`); or positions were lost (`loss`).",
      ),
    note: z.string().describe("Why, for people; empty unless a person has asked for it."),
    consistentFrom: z
      .int()
      .optional()
      .describe(
        "When its job ended, epoch ms, if that may have read rows behind the upper bound: the target holds one state of the source once increments have passed this instant.",
      ),
  })
  .meta({
    id: "RunSnapshot",
    description: "A full copy that a run makes: what follows it are increments from its upper bound on.",
  });

/** The schema of a `RunReport`. */
export const runReportSchema = z
  .object({
    version: z
      .string()
      .nullable()
      .describe("The version of the data, as its reporter names it; `null` if it named none."),
    note: z.string().describe("For people; may be empty."),
  })
  .meta({
    id: "RunReport",
    description: "A report of a source group's coverage, as a run of kind `REPORTED` keeps it.",
    examples: [{ version: "2026-01-02", note: "Second delivery." }],
  });

/** The schema of a `Run`, and the one definition of its fields: the types and the REST API follow it. */
export const runSchema = z
  .object({
    id: z
      .string()
      .describe(
        "32 lower-case hex digits: the upper bound's time, then a hash of namespace, group, boundaries and generation (see `runId`). The same on every host and after every restart.",
      ),
    groupId: z.string().describe("The group it belongs to."),
    kind: runKindSchema.describe("Its origin."),
    lower: at("Inclusive lower bound of its interval"),
    upper: at("Exclusive upper bound of its interval"),
    generation: z.int().describe("0 for the first run of an interval, one more for each deliberate re-run."),
    intervals: z
      .int()
      .describe("How many nominal intervals it covers, 1 to 2,147,483,647; that many if there are more."),
    scheduledTime: at("The nominal time at which it is due (without delay)"),
    state: runStateSchema.describe("Its state."),
    reason: runReasonSchema
      .nullable()
      .describe("Why it did not run, or covers more than one nominal interval; `null` otherwise."),
    scheduleVersion: z.int().describe("The version of the schedule that planned it."),
    backfillId: z.string().nullable().describe("The backfill it belongs to."),
    operator: z.string().describe("The operator that executes it, in lower case."),
    attempt: z.int().describe("Attempts begun; 0 if it was never claimed."),
    place: placeSchema.describe("Its place in its group's lane."),
    readyAt: maybeAt("When it was admitted or its next attempt is due", "unless it is `ready`"),
    leaseUntil: maybeAt("The end of its lease", "unless it is `active`"),
    wait: runWaitSchema
      .nullable()
      .describe("The reason why it waits; `null` if it only waits for a manager to claim it."),
    markedReady: readyMarkSchema
      .nullable()
      .describe("The mark by which a person opened its gates by hand; `null` if nobody did."),
    isBlocking: z
      .boolean()
      .describe(
        'A failed run behind which its lane waits (`onFailure: "block"`), or one that lost positions and is covered first.',
      ),
    isSuperseded: z.boolean().describe("A later generation or a merged run stands for its interval instead."),
    isCancelRequested: z.boolean().describe("Whether its cancellation is in progress."),
    isJobOpen: z
      .boolean()
      .describe(
        "A job of this run may still be working: true from the claim on, false once its job is known to have ended or never to have begun. Independent of the run's state: a run may have ended while its job is still working.",
      ),
    plannedAt: at("When it was planned"),
    submittedAt: maybeAt("When its attempt was submitted", "before that"),
    startedAt: maybeAt("When its job started", "before that"),
    endedAt: maybeAt("When it ended", "before that"),
    jobId: z.string().nullable().describe("Id of its job, as the operator reported it."),
    jobAddress: z.string().nullable().describe("The address at which a person can look at the job."),
    metrics: jobMetricsSchema.nullable().describe("The metrics that the job reported."),
    error: runErrorSchema.nullable().describe("Why it failed."),
    history: z
      .array(attemptRecordSchema)
      .readonly()
      .describe("The attempts before the current one, oldest first."),
    inputs: z
      .array(runInputSchema)
      .readonly()
      .describe("Time of other groups that it reads, recorded when its gates opened."),
    staleAt: maybeAt(
      "When an input of it changed last: time of it is covered by another generation than the run has read, or is covered at last",
      "if none has",
    ),
    report: runReportSchema
      .nullable()
      .describe("The report that it stands for; `null` unless its kind is `REPORTED`."),
    offsets: runOffsetsSchema
      .nullable()
      .describe(
        "The positions of the source that it stands for, the same for every attempt; `null` for boundaries of time alone.",
      ),
    snapshot: runSnapshotSchema
      .nullable()
      .describe(
        "Set if it reads everything up to its upper bound, although the schedule's mode is `full-then-incremental`; `null` for any other run.",
      ),
  })
  .meta({ id: "Run", description: "A run of the ledger, which stands for one interval." });
