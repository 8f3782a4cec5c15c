import { intervalSchema as interval } from "@tidegate/core/schema";
import { z } from "zod";

const share = z
  .object({
    runs: z.int().describe("How many runs."),
    intervals: z.int().describe("How many nominal intervals they cover."),
    ms: z
      .number()
      .describe("Time that this condition accounts for, ms. Where several would, the better one does."),
  })
  .meta({
    id: "AuditShare",
    description: "How much of the audited time is in one condition.",
    examples: [{ runs: 24, intervals: 24, ms: 86_400_000 }],
  });

/** The state of every millisecond of a range, as core's `AuditReport`. */
export const auditReport = z
  .object({
    groupId: z.string().describe("The audited group."),
    range: interval.describe("What was audited."),
    succeeded: share.describe("Intervals whose run has succeeded."),
    active: share.describe("Planned, being submitted, or running."),
    failed: share.describe("Failed after the last attempt."),
    cancelled: share.describe("Cancelled."),
    skipped: share.describe("Given up by a policy."),
    gaps: z
      .array(interval)
      .readonly()
      .describe("Time that no run covers. There is none unless the store was tampered with."),
    overlaps: z
      .array(interval)
      .readonly()
      .describe("Time that more than one run covers. Intervals run again on purpose are not counted."),
    doubtful: z
      .array(interval)
      .readonly()
      .describe("Time that two jobs may have written, whatever the states of their runs say."),
    stale: z
      .array(interval)
      .readonly()
      .describe("Time that has succeeded with other input than there is now. It counts as succeeded."),
    owed: interval.nullable().describe("Closed and not planned yet."),
    rowsRead: z.number().describe("Rows read by the runs that succeeded."),
    rowsWritten: z.number().describe("Rows written by the runs that succeeded."),
    rowsDirty: z.number().describe("Rows rejected by the runs that succeeded."),
    isSound: z.boolean().describe("Whether there is no gap, no overlap and no doubt."),
    isComplete: z.boolean().describe("Whether it is sound and all of the range has succeeded."),
  })
  .meta({ id: "AuditReport", description: "What became of every millisecond of a group's ledger." });
