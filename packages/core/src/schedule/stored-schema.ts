import { z } from "zod";
import { offsetWatermarkSchema } from "../offset/schema.js";
import { at, maybeAt } from "../shape/field.js";
import { scheduleSpecSchema } from "./schema.js";
import { SCHEDULE_STATUSES, type ScheduleStatus } from "./status.js";

/** The schema of a `ScheduleStatus`. */
export const scheduleStatusSchema = z
  .enum(Object.keys(SCHEDULE_STATUSES) as [ScheduleStatus, ...ScheduleStatus[]])
  .meta({
    id: "ScheduleStatus",
    description:
      "The status of a schedule and its engine. `REGISTERING`: stored, the engine is still to be notified. `REGISTERED`: the engine holds this version. `FAILED`: the engine refused it, or its source needs a decision; `statusReason` says why, and it is retried. `PAUSED`: plans and starts nothing. `DELETING`: the engine is still to be notified. `DELETED`: removed from the engine; its ledger is kept. `SOURCE`: a source group, which has no schedule: others report what it covers.",
  });

const UNREADABLE =
  "Why this version of Tidegate cannot read the specification: it is damaged, or a newer version wrote it. Then `spec` is a stand-in that has only the group, the engine and the ledger's beginning; nothing is planned, and an update with the full definition repairs it. `null` for all others.";

/** The schema of a `Schedule`. */
export const scheduleSchema = z
  .object({
    spec: scheduleSpecSchema.describe("Its specification."),
    unreadable: z.string().nullable().describe(UNREADABLE),
    version: z.int().describe("1 at registration, incremented by each update."),
    status: scheduleStatusSchema.describe("Its status."),
    statusReason: z.string().nullable().describe("Why it failed, or the note given when it was paused."),
    incarnation: z
      .string()
      .describe(
        "Identifies this ledger among those that the group has had: chosen at random when a ledger begins, and part of its runs' ids and idempotency keys, so that none repeats after a purge. Empty for ledgers begun before incarnations existed.",
      ),
    origin: at("Start of the ledger: the lower bound of the first interval"),
    watermark: at("The upper bound up to which intervals have been planned"),
    nextFireAt: maybeAt("When the next fire is due (delay included)", "if the schedule has ended"),
    offsets: offsetWatermarkSchema
      .nullable()
      .describe(
        "How far its source has been planned; `null` unless its boundaries are `OFFSET` and the source was looked at.",
      ),
    admittedRuns: z.int().describe("Runs of the live lane that may be claimed or are active."),
    gatedRuns: z.int().describe("Runs of the live lane that are held by gates."),
    waitingRuns: z.int().describe("Planned runs of the live lane that wait for a place."),
    blockingRuns: z.int().describe("Failed runs that block the live lane."),
    createdAt: at("When it was registered"),
    updatedAt: at("When it changed last"),
  })
  .meta({ id: "Schedule", description: "A schedule as the store keeps it." });

/** The schema of a `ScheduleVersion`. */
export const scheduleVersionSchema = z
  .object({
    version: z.int().describe("1 at registration, incremented by each update."),
    spec: scheduleSpecSchema.describe("The specification of this version."),
    unreadable: z.string().nullable().describe("Why it cannot be read: see `Schedule.unreadable`."),
    tzdata: z
      .string()
      .describe("The version of the time zone database that it was computed with, such as `2025c`."),
    since: at("The watermark at which it took effect"),
    createdAt: at("When it was made"),
  })
  .meta({
    id: "ScheduleVersion",
    description:
      "One version of a schedule's specification, kept so that the audit stays exact across updates.",
  });
