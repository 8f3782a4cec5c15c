import { type ScheduleSpec, scheduleInfoSchema } from "@tidegate/core";
import { z } from "zod";
import { backfill } from "./backfill.js";
import { at, interval, maybeAt } from "./interval.js";
import { run, runReason, runState } from "./run.js";

const { shape } = scheduleInfoSchema;

/** The operator's settings; core validates them. */
const job = z.record(z.string(), z.unknown());

/** Settings of gates; core validates them. */
const gates = z.record(z.string(), z.unknown());

export const groupId = shape.groupId.describe("The group's id: 1 to 200 of letters, digits and _ . : -");

const trigger = shape.trigger.meta({
  id: "Trigger",
  description: "The rule that yields a schedule's nominal times.",
  examples: [
    { type: "period", every: 1, unit: "hour" },
    { type: "cron", expression: "0 2 * * *" },
  ],
});

/** Descriptions of a definition's fields, with the defaults that a definition documents. */
const FIELDS: Readonly<Record<keyof ScheduleSpec, readonly [meaning: string, fallback?: string]>> = {
  groupId: ["The data stream that is synchronized: 1 to 200 of letters, digits and _ . : -"],
  trigger: ["The rule that yields the nominal times."],
  timezone: ["IANA name of the time zone of the trigger.", "`UTC`"],
  startTime: ["Where the first interval begins.", "the last nominal time that is not after now"],
  endTime: ["Where the last interval ends; null for none.", "none"],
  engine: ["Which engine fires it.", "the first one"],
  operator: ["Which operator runs its jobs.", "the first one"],
  job: ["The operator's settings.", "`{}`"],
  mode: ["What each run reads: its interval (`incremental`), or everything (`full`).", "`incremental`"],
  boundaryType: ["The kind of boundaries.", "`TIME`"],
  delayMs: ["How long after its nominal time a run is due, ms.", "0"],
  notBefore: [
    "The earliest start of each run: so long after the end of its interval (`afterMs`), or at a local time of the day on which it ends (`at`, `days` later); null for none.",
    "none",
  ],
  gates: ["Settings of gates by their type: conditions that each run must meet before it begins.", "none"],
  fireAt: ["Which end of its interval a nominal time is.", "`interval-end`"],
  firstInterval: ["Where the first interval begins.", "`start-time`"],
  endRule: ["Whether a nominal time at `endTime` makes one more, empty interval.", "`exclusive`"],
  catchup: [
    "When several intervals are owed: run `each`, `coalesce` them into one run, or `drop` all but the newest.",
    "`each`",
  ],
  catchupWindowMs: ["How far back catching up reaches, ms; null for no limit.", "no limit"],
  overlap: ["What happens to an interval that is due while a run is active.", "`queue`"],
  maxActiveRuns: ["How many runs may be active at once with `overlap: allow`.", "16"],
  maxAttempts: ["How often a run is attempted.", "3"],
  backoff: ["How long to wait between attempts.", "1 s to 300 s"],
  timeoutMs: ["The longest that one attempt may take, ms; null for no limit.", "no limit"],
  onFailure: [
    "After the last attempt: `block` later runs, `continue` with them, or `pause` the schedule.",
    "`block`",
  ],
  dirtyData: ["Fails a run with more rejected rows than this; null for no limit.", "no limit"],
  engineGraceMs: [
    "How long an engine may be silent past a due time before the interval is planned without it, ms.",
    "30,000",
  ],
  description: ["For people.", "empty"],
  labels: ["For finding schedules again: at most 32 pairs.", "none"],
};

/** Adds descriptions to the fields. */
function described<Shape extends z.ZodRawShape>(fields: Shape, hasDefaults: boolean): Shape {
  const entries = Object.entries(fields).map(([name, field]) => {
    const [meaning, fallback] = FIELDS[name as keyof ScheduleSpec];
    const text = hasDefaults && fallback !== undefined ? `${meaning} Default: ${fallback}.` : meaning;
    return [name, (field as z.ZodType).describe(text)];
  });
  return Object.fromEntries(entries) as Shape;
}

const definitionShape = described({ ...shape, trigger, job: job.optional(), gates: gates.optional() }, true);

const EXAMPLE = {
  trigger: { type: "period", every: 1, unit: "hour" },
  startTime: "2026-01-01T00:00:00Z",
  job: { from: "orders", to: "warehouse" },
  labels: { team: "sales" },
};

/** A schedule as a user defines it; core's own schema. */
export const definition = z.strictObject(definitionShape).meta({
  id: "ScheduleDefinition",
  description: "A schedule as a user defines it.",
  examples: [{ groupId: "orders", ...EXAMPLE }],
});

/** A definition whose group is in the path. */
export const groupDefinition = z
  .strictObject({
    ...definitionShape,
    groupId: definitionShape.groupId.optional().describe("The same as in the path, or absent."),
  })
  .meta({
    id: "GroupDefinition",
    description: "A schedule as a user defines it, for the group in the path.",
    examples: [EXAMPLE],
  });

export const scheduleStatus = z
  .enum(["REGISTERING", "REGISTERED", "FAILED", "PAUSED", "DELETING", "DELETED"])
  .meta({
    id: "ScheduleStatus",
    description:
      "`REGISTERED`: the engine holds this version. `REGISTERING`, `DELETING`: the engine is to be told. `FAILED`: the engine refused. `PAUSED`: nothing is planned or started. `DELETED`: the ledger is kept.",
  });

/** A definition with all defaults filled in, as core's `ScheduleSpec`. */
export const scheduleSpec = z
  .object(
    described(
      {
        groupId: z.string(),
        trigger,
        timezone: z.string(),
        startTime: z.int(),
        endTime: z.int().nullable(),
        engine: z.string(),
        operator: z.string(),
        job,
        mode: shape.mode.unwrap(),
        // Only this type can be registered so far, so only this one is returned.
        boundaryType: shape.boundaryType.unwrap() as z.ZodType<ScheduleSpec["boundaryType"]>,
        delayMs: z.number(),
        notBefore: shape.notBefore.unwrap().unwrap().nullable(),
        gates,
        fireAt: shape.fireAt.unwrap(),
        firstInterval: shape.firstInterval.unwrap(),
        endRule: shape.endRule.unwrap(),
        catchup: shape.catchup.unwrap(),
        catchupWindowMs: z.number().nullable(),
        overlap: shape.overlap.unwrap(),
        maxActiveRuns: z.int(),
        maxAttempts: z.int(),
        backoff: z.object({
          initialMs: z.number().describe("The wait after the first attempt, ms."),
          maxMs: z.number().describe("The longest wait, ms."),
        }),
        timeoutMs: z.number().nullable(),
        onFailure: shape.onFailure.unwrap(),
        dirtyData: z
          .object({
            maxRows: z.number().optional().describe("Most rejected rows of a run."),
            maxRatio: z.number().optional().describe("Largest share of rejected rows, 0 to 1."),
          })
          .nullable(),
        engineGraceMs: z.number(),
        description: z.string(),
        labels: z.record(z.string(), z.string()),
      },
      false,
    ),
  )
  .meta({
    id: "ScheduleSpec",
    description:
      "A definition with all defaults filled in and instants as epoch milliseconds; it can be put as it is.",
  });

export const schedule = z
  .object({
    spec: scheduleSpec.describe("Its definition."),
    version: z.int().describe("1 at registration, one more with each update."),
    status: scheduleStatus.describe("What is true of it and its engine."),
    statusReason: z.string().nullable().describe("Why it failed, or the note it was paused with."),
    incarnation: z
      .string()
      .describe("Names this ledger among those that the group has had; a purge begins another."),
    origin: at("Where the ledger begins"),
    watermark: at("Up to where intervals have been planned"),
    nextFireAt: maybeAt("When the next fire is due; null when the schedule has ended"),
    admittedRuns: z.int().describe("Runs of the live schedule that may be claimed or are active."),
    gatedRuns: z.int().describe("Runs of the live schedule that are held by gates."),
    waitingRuns: z.int().describe("Planned runs of the live schedule that wait for a place."),
    blockingRuns: z.int().describe("Failed runs behind which the live schedule waits."),
    createdAt: at("When it was registered"),
    updatedAt: at("When it changed last"),
  })
  .meta({ id: "Schedule", description: "A schedule as the store keeps it." });

export const scheduleVersion = z
  .object({
    version: z.int().describe("1 at registration, one more with each update."),
    spec: scheduleSpec.describe("The definition of this version."),
    tzdata: z.string().describe("The version of the time zone database that it was computed with."),
    since: at("The watermark at which it took effect"),
    createdAt: at("When it was made"),
  })
  .meta({ id: "ScheduleVersion", description: "One version of a schedule's definition." });

const notes = z.array(z.string()).readonly();

export const registered = z
  .object({
    schedule: schedule.describe("The schedule as it is now."),
    notes: notes.describe("In plain sentences: what is owed at once, and days of daylight saving."),
  })
  .meta({ id: "RegisteredSchedule", description: "A schedule as it was registered or updated." });

const previewInterval = interval
  .extend({
    scheduledTime: at("The nominal time"),
    fireAt: at("When it is due, the delay included"),
  })
  .meta({ id: "PreviewInterval", description: "An interval to come." });

export const preview = z
  .object({
    intervals: z.array(previewInterval).readonly().describe("The intervals to come."),
    notes: notes.describe("Days of daylight saving among them, and what happens then."),
  })
  .meta({ id: "Preview", description: "What a schedule will do." });

const runTally = z
  .object({
    byState: z.record(runState, z.int()).describe("Runs in each state."),
    byReason: z.partialRecord(runReason, z.int()).describe("Runs that did not run as planned, by reason."),
    late: z.int().describe("Runs that started late."),
  })
  .meta({ id: "RunTally", description: "Counts over the whole ledger of a group." });

export const description = z
  .object({
    schedule: schedule.describe("The schedule as it is now."),
    notes: notes.describe("As registration would report them now."),
    versions: z.array(scheduleVersion).readonly().describe("Every version, oldest first."),
    counts: runTally.describe("Counts over the whole ledger."),
    active: z.array(run).readonly().describe("Runs that are under way, at most 100."),
    notRun: z.array(run).readonly().describe("The newest intervals that did not run, at most 100."),
    backfills: z.array(backfill).readonly().describe("Its backfills, newest first."),
    next: preview.describe("The next five intervals."),
  })
  .meta({
    id: "ScheduleDescription",
    description: "A schedule with its counts, what runs, what did not run and why, and what comes next.",
  });
