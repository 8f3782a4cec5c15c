import { z } from "zod";
import { at } from "../shape/field.js";

/** The schema of a `LateState`. */
export const lateStateSchema = z.enum(["PENDING", "MARKED", "RESTATED", "SEALED", "IGNORED"]).meta({
  id: "LateState",
  description:
    "How a report of late data was settled: `PENDING` until it is; `MARKED` if nothing runs again by itself; `RESTATED` if a backfill runs the time again; `SEALED` if it lies in sealed time; `IGNORED` if the group ignores it.",
});

/** The schema of a `LateTime`. */
export const lateTimeSchema = z
  .object({
    groupId: z.string().describe("The group whose time it is."),
    reportedBy: z
      .string()
      .describe(
        "The group whose jobs have reported it: the same one if its own jobs have written those rows.",
      ),
    lower: z.int().describe("Inclusive, epoch ms."),
    upper: z.int().describe("Exclusive, epoch ms."),
    runId: z.string().describe("The last run that reported it."),
    rowsLate: z
      .int()
      .nullable()
      .describe("How many rows, as far as the reports count them; `null` if none does."),
    reports: z.int().describe("How many runs have reported it."),
    firstAt: at("When it was reported first"),
    lastAt: at("When it was reported last"),
    state: lateStateSchema.describe("How the last report was settled."),
    backfillId: z.string().nullable().describe("The backfill that runs it again; `null` if none does."),
  })
  .meta({ id: "LateTime", description: "Time of a group for which rows came after it had been covered." });
