import {
  backfillSchema,
  deadlineRecordSchema,
  intervalSchema,
  runReasonSchema,
  runSchema,
  runStateSchema,
  scheduleInfoSchema,
  scheduleSchema,
  scheduleVersionSchema,
} from "@tidegate/core/schema";
import { z } from "zod";
import { at } from "./interval.js";
import { seal } from "./seal.js";

export {
  scheduleSchema as schedule,
  scheduleStatusSchema as scheduleStatus,
  scheduleVersionSchema as scheduleVersion,
} from "@tidegate/core/schema";

export const { groupId } = scheduleInfoSchema.shape;

const EXAMPLE = {
  trigger: { type: "period", every: 1, unit: "hour" },
  startTime: "2026-01-01T00:00:00Z",
  job: { from: "orders", to: "warehouse" },
  labels: { team: "sales" },
};

/** A schedule as a user defines it; core's own schema. */
export const definition = scheduleInfoSchema.meta({
  id: "ScheduleDefinition",
  description: "A schedule as a user defines it.",
  examples: [{ groupId: "orders", ...EXAMPLE }],
});

/** A definition whose group is in the path. */
export const groupDefinition = scheduleInfoSchema
  .extend({ groupId: groupId.optional().describe("The same as in the path, or absent.") })
  .meta({
    id: "GroupDefinition",
    description: "A schedule as a user defines it, for the group in the path.",
    examples: [EXAMPLE],
  });

const notes = z.array(z.string()).readonly();

export const registered = z
  .object({
    schedule: scheduleSchema.describe("The schedule as it is now."),
    notes: notes.describe("In plain sentences: what is owed at once, and days of daylight saving."),
  })
  .meta({ id: "RegisteredSchedule", description: "A schedule as it was registered or updated." });

const previewInterval = intervalSchema
  .extend({
    scheduledTime: at("The nominal time"),
    fireAt: at("When it is due, the delay included"),
  })
  .meta({ id: "PreviewInterval", description: "An interval to come." });

export const preview = z
  .object({
    intervals: z.array(previewInterval).readonly().describe("The intervals to come."),
    notes: notes.describe(
      "Days of daylight saving among them, and what happens then. For a definition, before them: what would be owed at once, and the operator's notes on its job.",
    ),
    firstRead: z
      .object({
        lower: z.record(z.string(), z.string()).readonly().describe("Inclusive lower bound, by partition."),
        upper: z.record(z.string(), z.string()).readonly().describe("Exclusive upper bound, by partition."),
        records: z.int().optional().describe("How many records there are at most, if the source knows."),
        bytes: z.int().optional().describe("How many bytes there are at most, if the source knows."),
      })
      .optional()
      .describe(
        "The positions that the next run would read if it were planned now. Absent without `firstRead`; also by boundaries of time, and if the source cannot be asked, which a note says.",
      ),
  })
  .meta({ id: "Preview", description: "The next intervals of a schedule." });

const runTally = z
  .object({
    byState: z.record(runStateSchema, z.int()).describe("Runs in each state."),
    byReason: z
      .partialRecord(runReasonSchema, z.int())
      .describe("Runs that did not run as planned, by reason."),
    late: z.int().describe("Runs that started late."),
  })
  .meta({ id: "RunTally", description: "Counts over the whole ledger of a group." });

export const description = z
  .object({
    schedule: scheduleSchema.describe("The schedule as it is now."),
    notes: notes.describe("As registration would report them now."),
    versions: z.array(scheduleVersionSchema).readonly().describe("Every version, oldest first."),
    counts: runTally.describe("Counts over the whole ledger."),
    active: z.array(runSchema).readonly().describe("Runs that are under way, at most 100."),
    notRun: z.array(runSchema).readonly().describe("The newest intervals that did not run, at most 100."),
    backfills: z.array(backfillSchema).readonly().describe("Its backfills, newest first."),
    coveredThrough: at(
      "The time up to which it is covered: every interval before it has succeeded, or was given up by a policy or a person",
    ),
    sealedThrough: z
      .int()
      .nullable()
      .describe("End of the sealed time, epoch milliseconds; `null` if nothing is sealed."),
    seal: seal.nullable().describe("The last seal that a person has set, if there is one."),
    deadlines: z
      .array(deadlineRecordSchema)
      .readonly()
      .describe("Deadlines that are at risk or missed, newest first, at most 100."),
    next: preview.describe("The next five intervals."),
  })
  .meta({
    id: "ScheduleDescription",
    description: "A schedule with its counts, what runs, what did not run and why, and what comes next.",
  });
