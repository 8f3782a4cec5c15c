import { z } from "zod";
import { dependsOnPastSchema, dependsOnSchema } from "../dependency/schema.js";
import type { JsonObject, JsonValue } from "../job/json.js";
import type { OffsetSource } from "../offset/offset-providers.js";
import {
  offsetBatchSchema,
  offsetLimitSchema,
  startAtSchema,
  storedStartAtSchema,
} from "../offset/schema.js";
import { poolUseSchema } from "../pool/schema.js";
import { at, defaulted, filled, maybeAt, optional, withDefault } from "../shape/field.js";
import { MOST_SHARDS } from "../shard/shard-policy.js";
import { triggerSchema } from "../trigger/trigger-schema.js";
import { LOCAL_TIME } from "./after-interval.js";
import { instant } from "./instant.js";
import { PROBE_TYPE, type Readiness } from "./readiness.js";

const MAX_DURATION_MS = 10 * 366 * 86_400_000;

const durationMs = z.number().int().min(0).max(MAX_DURATION_MS);

const json: z.ZodType<JsonValue> = z.lazy(() =>
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(json), z.record(z.string(), json)]),
);

/** The operator knows the shape of its jobs; described as any object, since few tools read a recursive schema. */
/** The schema of `ScheduleInfo.job`. */
export const jobSchema = z.record(z.string(), z.unknown()).superRefine((value, context) => {
  const { error } = z.record(z.string(), json).safeParse(value);
  for (const { path, message } of error?.issues ?? []) context.addIssue({ code: "custom", path, message });
}) as unknown as z.ZodType<JsonObject, JsonObject>;

const name = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, "must be 1 to 64 of letters, digits and _ . -");

/** A gate knows the shape of its settings; described as any value, as a job is. */
const settings = z.unknown().superRefine((value, context) => {
  if (!json.safeParse(value).success) context.addIssue({ code: "custom", message: "must be JSON" });
}) as unknown as z.ZodType<JsonValue, JsonValue>;

const afterMs = durationMs.describe("How long after the end of its interval, ms.");

const localTime = {
  at: z
    .string()
    .regex(LOCAL_TIME)
    .describe("A local time of the day on which its interval ends: `HH:MM` or `HH:MM:SS`."),
  days: z.number().int().min(0).max(366).optional().describe("How many days later, 0 to 366. Default: 0."),
};

const AFTER_INTERVAL =
  'must be { afterMs } in ms, or { at } with a local time such as "06:00", and days from 0 to 366';

/** The schema of a `NotBefore`. */
export const notBeforeSchema = z.union([z.strictObject({ afterMs }), z.strictObject(localTime)], {
  error: AFTER_INTERVAL,
});

const whilePaused = z
  .enum(["alert", "excuse"])
  .optional()
  .describe(
    "How to judge deadlines that pass while the schedule is paused: `excuse` them, or `alert` as always. A schedule that a failure has blocked or paused is never excused. Default: excuse.",
  );

const deadlineOptions = {
  warnBeforeMs: durationMs
    .min(1)
    .optional()
    .describe("How long before the deadline an interval that is not done is reported as at risk, ms."),
  whilePaused,
};

/** The schema of a `Deadline`. */
export const deadlineSchema = z.union(
  [
    z.strictObject({ afterMs: afterMs.min(1), ...deadlineOptions }),
    z.strictObject({ ...localTime, ...deadlineOptions }),
  ],
  { error: `${AFTER_INTERVAL}; and warnBeforeMs in ms, and whilePaused: "alert" or "excuse"` },
);

/** The schema of a `Freshness`. */
export const freshnessSchema = z.strictObject({
  maxLagMs: durationMs
    .min(1)
    .describe("The longest that the time up to which a group is covered may lie behind now, ms, at least 1."),
  whilePaused,
});

/** The schema of an `ExpectedData`. */
export const expectedDataSchema = z.strictObject({
  withinMs: durationMs
    .min(1)
    .describe(
      "The longest that nothing new may come, ms, at least 1; counted from the last look that found something.",
    ),
  whilePaused,
});

/** A probe knows its own fields, as a gate knows its settings. */
const readiness = z
  .looseObject({
    type: z
      .string()
      .regex(PROBE_TYPE, "must be 1 to 48 of letters, digits and _ . -")
      .describe("The probe that answers, such as `file`."),
  })
  .superRefine((value, context) => {
    const { error } = z.record(z.string(), json).safeParse(value);
    for (const { path, message } of error?.issues ?? []) context.addIssue({ code: "custom", path, message });
  }) as unknown as z.ZodType<Readiness, Readiness>;

/** The schema of an `OffsetSource`: a provider knows its own fields, as a probe does. */
export const offsetSourceSchema = z
  .looseObject({
    type: z
      .string()
      .regex(PROBE_TYPE, "must be 1 to 48 of letters, digits and _ . -")
      .describe("The provider that tells its positions, such as `kafka`."),
  })
  .superRefine((value, context) => {
    const { error } = z.record(z.string(), json).safeParse(value);
    for (const { path, message } of error?.issues ?? []) context.addIssue({ code: "custom", path, message });
  }) as unknown as z.ZodType<OffsetSource, OffsetSource>;

/** The schema of a `SealRule`. */
export const sealSchema = z.strictObject({
  afterMs: durationMs.describe("How long after its end time is sealed, ms."),
});

const concurrency = z
  .number()
  .int()
  .min(1)
  .max(1_000)
  .optional()
  .describe("How many of them may be read again at once, 1 to 1,000. Default: 1.");

/** The schema of a `Lookback`. */
export const lookbackSchema = z.union(
  [
    z.strictObject({
      intervals: z.number().int().min(1).max(1_000).describe("How many intervals before it, 1 to 1,000."),
      concurrency,
    }),
    z.strictObject({
      at: z
        .array(z.number().int().min(1).max(10_000))
        .min(1)
        .max(32)
        .describe(
          "How many intervals back each of them lies, 1 to 10,000; at most 32, such as `[1, 7]`.",
        ) as z.ZodType<readonly number[], readonly number[]>,
      concurrency,
    }),
  ],
  {
    error:
      "must be { intervals } from 1 to 1,000, or { at } with up to 32 numbers from 1 to 10,000, and concurrency from 1 to 1,000",
  },
);

/** The schema of a `BackoffSpec`. */
export const backoffSchema = z.strictObject({
  initialMs: defaulted(durationMs, "The wait after the first attempt, ms.", 1_000),
  maxMs: defaulted(durationMs, "The longest wait, ms.", 300_000),
});

/** The schema of a `DirtyDataLimit`. */
export const dirtyDataLimitSchema = z.strictObject({
  maxRows: z.number().int().min(0).optional().describe("Most bad rows, at least 0."),
  maxRatio: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe("Largest share of bad rows among the rows read, from 0 to 1."),
});

/** The schema of a `VerifyRule`. */
export const verifyRuleSchema = z.strictObject({
  rows: z
    .union([
      z.literal("equal"),
      z.strictObject({
        maxDiff: z.number().int().min(0).describe("How many rows they may be apart, at least 0."),
      }),
    ])
    .describe("How far the counts may be apart: `equal` for not at all, or `{ maxDiff }` rows."),
  checksum: defaulted(z.boolean(), "Whether the contents are compared too, in any order of the rows.", false),
  onMismatch: defaulted(
    z.enum(["fail", "record"]),
    "Whether a difference fails the attempt (`ROW_MISMATCH`), or is only recorded in the run's metrics.",
    "fail",
  ),
});

const shardCount = z.number().int().min(1).max(MOST_SHARDS);

/** The schema of a `ShardPolicy`. */
export const shardPolicySchema = z.strictObject({
  target: shardCount
    .optional()
    .describe("How many shards to aim for, 1 to 10,000; the operator may make fewer or more. Default: 8."),
  maxAttempts: z
    .number()
    .int()
    .min(1)
    .max(1_000)
    .optional()
    .describe("How often a shard is attempted in each attempt of its run, 1 to 1,000 times. Default: 3."),
  onFailure: z
    .enum(["finish-others", "fail-fast"])
    .optional()
    .describe(
      "How a shard that has used up its attempts affects the others: `finish-others` carries them out before the run's attempt fails, `fail-fast` cancels them. Default: finish-others.",
    ),
  concurrency: shardCount
    .optional()
    .describe("The most shards of a run that may be active at once, 1 to 10,000. Default: the target."),
});

/**
 * The schema of a `ScheduleInfo`, and the one definition of a schedule's fields, their limits and their
 * defaults: the types, the specification, the REST API and the guide follow it. Instants parse to epoch ms. A
 * `ScheduleSpec` matches it too, so that a specification that was read can be registered again.
 * `parseScheduleInfo` also checks how deep and how long a job may be.
 */
export const scheduleInfoSchema = z.strictObject({
  groupId: z
    .string()
    .regex(/^[A-Za-z0-9_.:-]{1,200}$/, "must be 1 to 200 of letters, digits and _ . : -")
    .describe(
      "The data stream that is synchronized, and the schedule's key: 1 to 200 characters, letters, digits and `_ . : -`.",
    ),
  trigger: triggerSchema.describe("The rule that yields the nominal times."),
  timezone: defaulted(
    z.string().min(1).max(64),
    "IANA name of the time zone of the trigger's times and calendar units.",
    "UTC",
  ),
  startTime: optional(
    instant,
    "Start of the first interval: epoch ms, a `Date`, or an ISO 8601 string with an offset. If it is in the past, the intervals until now are owed at once, as the catch-up policy says.",
    "the last nominal time that is not after now",
  ),
  endTime: optional(
    instant.nullable(),
    "End of the last interval: epoch ms, a `Date` or ISO 8601; `null` for no end.",
    "none",
  ),
  engine: optional(name, "The engine that fires it.", "the first one passed to Tidegate"),
  operator: optional(name, "The operator that runs its jobs.", "the first one passed to Tidegate"),
  job: defaulted(jobSchema, "Input of the operator, passed on unchanged.", {}),
  mode: defaulted(
    z.enum(["incremental", "full", "full-then-incremental"]),
    "Data that each run reads: its interval's (`incremental`), everything up to its scheduled time (`full`), or both: with `full-then-incremental` the first run is a snapshot, which reads everything up to the end of its interval, and those after it are increments, which wait until it has succeeded. It begins at once, unless `startTime` says otherwise.",
    "incremental",
  ),
  fullEvery: defaulted(
    triggerSchema.nullable(),
    "When increments are followed by another snapshot, for `full-then-incremental`: a trigger. The run whose interval has one of its times is a snapshot instead. `null`: never.",
    null,
    "none",
  ),
  resnapshotBy: defaulted(
    z.enum(["replace", "upsert"]).nullable(),
    "Effect of another full copy on the rows that the target has, for an operator that does not say how its jobs write: it replaces all of them, or updates those of the same keys. `null`: unknown, so that with `full-then-incremental` another snapshot is refused (`HANDOVER_WOULD_DOUBLE`). With `full`, a run that replaces all of them yields to a later one that has succeeded.",
    null,
    "none",
  ),
  boundaryType: defaulted(
    z.enum(["TIME", "OFFSET"]),
    "Measure of the data that its runs read: `TIME`, or positions of a `source` (`OFFSET`). Either way its fires cut time into intervals; with `OFFSET`, each run also has the range of positions that the source had grown by, in each partition. It cannot be changed by an update.",
    "TIME",
  ),
  source: defaulted(
    offsetSourceSchema.nullable(),
    "The source that is read by positions, for `OFFSET`: the type of a provider and the provider's own fields. Once reading has begun, an update may change how it is read, such as how long to wait for it; other data needs `client.rebase`.",
    null,
    "none",
  ),
  startAt: defaulted(
    startAtSchema.nullable(),
    "The first positions to read, for `OFFSET`, which needs it unless the mode is `full-then-incremental`, whose first run reads everything: the `earliest` positions that can be read; the `latest`, as of the registration; `{ time }`, an instant, before which intervals have nothing to read; or `{ offsets }`, positions by partition. It applies once; later on, `client.rebase` begins to read elsewhere. A partition that is added begins at its earliest position.",
    null,
    "none",
  ),
  onEmpty: defaulted(
    z.enum(["skip", "run"]),
    "How to handle a fire at which the source has nothing new, for `OFFSET`: `skip` records that the interval succeeded without a job, `run` runs the job all the same.",
    "skip",
  ),
  onLoss: defaulted(
    z.enum(["fail", "record", "resnapshot"]),
    "How to handle positions that can no longer be read although no run has read them, for `OFFSET`: `fail` plans nothing until a person has decided, `record` makes them a skipped run and continues at what can be read, `resnapshot` makes the next run a snapshot, with the mode `full-then-incremental`.",
    "fail",
  ),
  limit: defaulted(
    offsetLimitSchema.nullable(),
    "How much of the source one run reads, for `OFFSET`: a fire that finds more cuts it into consecutive runs, at most `maxRuns`; the rest follows at the next fire. `null`: everything at once.",
    null,
    "none",
  ),
  batchUntil: defaulted(
    offsetBatchSchema.nullable(),
    "How much has to have come before a run is planned, for `OFFSET`: a fire that finds fewer than `records` plans nothing, and the interval stays owed until there are enough, or `orMs` after the first of them was found. `null`: each fire reads what there is.",
    null,
    "none",
  ),
  delayMs: defaulted(
    durationMs,
    "How long after its nominal time a run is due, ms; postpones the firing, not the interval.",
    0,
  ),
  notBefore: defaulted(
    notBeforeSchema.nullable(),
    'The earliest start of each run: `{ afterMs }` after the end of its interval, or a local time of the day on which it ends, such as `{ at: "06:00" }` or `{ at: "06:00", days: 1 }`. The run is planned when it is due and held until then; `delayMs` postpones the planning itself. `null`: none.',
    null,
    "none",
  ),
  ready: defaulted(
    // Read-only by its type alone, since in OpenAPI that means that requests do not have it.
    z.array(readiness).max(16, "at most 16 entries") as z.ZodType<readonly Readiness[], readonly Readiness[]>,
    "Conditions of the source that each run waits for, all of them: the type of a probe and the probe's own fields. At most 16.",
    [],
  ),
  dependsOn: defaulted(
    dependsOnSchema.nullable(),
    'Groups whose ledgers must cover time before a run begins: a dependency such as `{ groupId: "orders" }`, or `{ all }` or `{ any }` of several. At most 64, nested up to 4 levels. `null`: none.',
    null,
    "none",
  ),
  dependsOnPast: defaulted(
    dependsOnPastSchema,
    "Whether a run needs the group's own earlier intervals to be settled: the one before it (`previous`, or `true`), or all since the ledger's beginning (`all`).",
    false,
  ),
  gates: defaulted(
    z.record(name, settings).refine((gates) => Object.keys(gates).length <= 16, "at most 16 gates"),
    "Settings of gates by their type: conditions that each run must meet before it begins. At most 16.",
    {},
  ),
  pool: defaulted(
    poolUseSchema.nullable(),
    'The pools whose slots its runs take while they are active: the name of one, for one slot, or `[{ name: "warehouse", slots: 2 }]`. `null`: none.',
    null,
    "none",
  ),
  priority: defaulted(
    z.number().int().min(1).max(5),
    "Which ready runs come first among those of the same pool, and before runs of other schedules: 1 to 5, smaller first.",
    3,
  ),
  fairnessKey: defaulted(
    z.string().max(64).nullable(),
    "Runs of the same pool and priority take turns by this key, at most 64 characters.",
    null,
    "the label `tenant`, or none",
  ),
  fairnessWeight: defaulted(
    z.number().min(0.000_001).max(1_000_000),
    "How large the share of its key is, compared with that of others: 0.000001 to 1,000,000.",
    1,
  ),
  deadline: defaulted(
    deadlineSchema.nullable(),
    'The time by which each interval has to have succeeded: `{ afterMs }` after its end, or a local time of the day on which it ends, such as `{ at: "06:00" }` or `{ at: "06:00", days: 1 }`; it must be after the run is due. `warnBeforeMs` reports an interval that is not done as at risk so long before; `whilePaused: "alert"` judges deadlines that pass in a pause as well. `null`: none.',
    null,
    "none",
  ),
  freshness: defaulted(
    freshnessSchema.nullable(),
    "How far the group's data may lag behind: an alert is raised when the time up to which it is covered lies more than `maxLagMs` behind now. For triggers without a natural deadline. `null`: none.",
    null,
    "none",
  ),
  expectData: defaulted(
    expectedDataSchema.nullable(),
    "How soon the source has to have something new again, for `OFFSET`: an alert is raised when no look has found anything for `withinMs`. `null`: it may be silent.",
    null,
    "none",
  ),
  seal: defaulted(
    sealSchema.nullable(),
    "When time is closed: `{ afterMs }` after its end, if it is covered. Sealed time cannot be re-run, backfilled or reported again without `force`. `null`: only what `client.seal` has sealed.",
    null,
    "none",
  ),
  lookback: defaulted(
    lookbackSchema.nullable(),
    "Earlier intervals that are read again when an interval has ended, for rows that come late: `{ intervals: 2 }` those before it, or `{ at: [1, 7] }` those so many intervals back. Each becomes a new generation beside the live runs, whose coverage stands until it has succeeded. What was read since, or is sealed, is left alone. `null`: none.",
    null,
    "none",
  ),
  onLate: defaulted(
    z.enum(["mark", "restate", "ignore"]),
    "When a job of another group reports that rows of this group's earlier intervals have come late: `mark` records it, `restate` runs those intervals again once things have settled, `ignore` does neither.",
    "mark",
  ),
  fireAt: defaulted(
    z.enum(["interval-end", "interval-start"]),
    "Which end of its interval a nominal time is: `interval-end` runs the job when the data is complete, `interval-start` submits it as its interval begins, as InLong's built-in engine does.",
    "interval-end",
  ),
  firstInterval: defaulted(
    z.enum(["start-time", "first-nominal-time"]),
    "Start of the first interval: at `startTime`, or at the first nominal time not before it (as in InLong's crons).",
    "start-time",
  ),
  endRule: defaulted(
    z.enum(["exclusive", "inclusive"]),
    "Whether a nominal time equal to `endTime` makes one more, empty interval (as in InLong's crons).",
    "exclusive",
  ),
  catchup: optional(
    z.enum(["each", "coalesce", "drop"]),
    "How to handle more than one owed interval: `each` runs every one, oldest first; `coalesce` merges all into one run; `drop` runs the newest, and the others become one skipped run that says so.",
    "each; with the mode full, where only the newest is worth running, coalesce",
  ),
  catchupWindowMs: defaulted(
    durationMs.nullable(),
    "How late an interval may be planned, ms; a later one becomes a skipped run. Never less than twice `engineGraceMs`, so that no interval is given up because an engine or the watchdog took its time (in Quartz's terms, the misfire threshold). Checked when an interval is first owed: an interval that is in time then is kept, however long it waits for earlier runs, and so are those that fall due behind it. `null`: unlimited.",
    null,
    "unlimited",
  ),
  overlap: optional(
    z.enum(["queue", "allow", "coalesce-pending", "cancel-running", "drop"]),
    "How to handle an interval that is due while a run is active: `queue` waits, in order; `allow` runs up to `maxActiveRuns` at once; `coalesce-pending` merges the waiting intervals into one run; `cancel-running` cancels the active run and merges its interval into the next; `drop` gives the interval up, as a skipped run.",
    "queue; with the mode full, coalesce-pending",
  ),
  canOvertake: defaulted(
    z.boolean(),
    'Whether later runs may begin while an earlier one waits for its gates, such as for data that it depends on. With `overlap: "allow"` they may in any case.',
    false,
  ),
  maxActiveRuns: defaulted(
    z.number().int().min(1).max(1_000),
    'The most runs that may be active at once with `overlap: "allow"`, 1 to 1,000.',
    16,
  ),
  maxAttempts: defaulted(
    z.number().int().min(1).max(1_000),
    "How often a run is attempted, 1 to 1,000 times.",
    3,
  ),
  backoff: backoffSchema
    .prefault({})
    .describe(withDefault("How long to wait between attempts.", "from 1 s up to 300 s")),
  timeoutMs: defaulted(
    durationMs.min(1).nullable(),
    "The longest that one attempt may take, ms; `null` for unlimited.",
    null,
    "unlimited",
  ),
  onFailure: defaulted(
    z.enum(["block", "continue", "pause"]),
    "After the last attempt: `block` holds later runs until this one is retried or cancelled, `continue` proceeds with them, `pause` pauses the schedule.",
    "block",
  ),
  dirtyData: defaulted(
    dirtyDataLimitSchema.nullable(),
    "Fails a run whose bad rows exceed the limit; `null` for no limit.",
    null,
    "no limit",
  ),
  verify: defaulted(
    verifyRuleSchema.nullable(),
    "Counts an interval's rows in source and target after its job, and records the counts as `rowsRead` and `rowsWritten`; `null` for no verification. The operator must support it.",
    null,
    "no verification",
  ),
  shards: defaulted(
    shardPolicySchema.nullable(),
    "Splits each run into shards, which are carried out side by side and attempted again one by one: `{ target }` says how many to aim for, `{}` takes the defaults. Its operator must be able to split jobs. `null`: runs are not split.",
    null,
    "not split",
  ),
  engineGraceMs: defaulted(
    durationMs.min(1_000),
    "How long an engine may be silent past a due time before the watchdog plans the interval itself, ms, at least 1,000.",
    30_000,
  ),
  description: defaulted(z.string().max(2_000), "A note for people, at most 2,000 characters.", ""),
  labels: defaulted(
    z
      .record(z.string().min(1).max(63), z.string().max(255))
      .refine((labels) => Object.keys(labels).length <= 32, "at most 32 labels"),
    "Labels to find schedules by: at most 32 pairs.",
    {},
  ),
});

/** The schema of a `ScheduleSpec`: every field of a `ScheduleInfo`, with all defaults filled in. */
export const scheduleSpecSchema = z
  .object({
    ...filled(scheduleInfoSchema.shape),
    startTime: at("Start of the first interval"),
    endTime: maybeAt("End of the last interval", "for no end"),
    startAt: storedStartAtSchema
      .nullable()
      .describe("The first positions to read, for `OFFSET`; `null` for boundaries of time."),
    backoff: z.object(filled(backoffSchema.shape)).describe("How long to wait between attempts."),
  })
  .meta({
    id: "ScheduleSpec",
    description: "A schedule's specification with all defaults filled in and instants as epoch ms.",
  });
