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

const positions = z
  .object({
    lower: z.string().describe("Inclusive lower bound."),
    upper: z.string().describe("Exclusive upper bound."),
  })
  .meta({
    id: "PositionRange",
    description: "A half-open range of positions of one partition.",
    examples: [{ lower: "120", upper: "180" }],
  });

const ranges = z.array(positions).readonly();

const partition = z
  .object({
    partition: z.string().describe("Its name."),
    lower: z.string().describe("Start of its audited positions, inclusive."),
    upper: z.string().describe("End of its audited positions, exclusive."),
    gaps: ranges.describe(
      "Positions that no run stands for. There is none unless the store was tampered with.",
    ),
    overlaps: ranges.describe("Positions that runs of more than one interval stand for."),
    lost: ranges.describe("Positions that could no longer be read, and that no run has read."),
    unread: ranges.describe("Positions of runs that have not succeeded."),
  })
  .meta({ id: "PartitionAudit", description: "The fate of every position of one partition." });

const reading = z
  .object({
    incarnation: z.string().describe("The life of the source, as its provider names it."),
    epoch: z.int().describe("1 for the first reading of the source, one more with each rebase."),
    partitions: z.array(partition).readonly().describe("By partition, in the order of their names."),
  })
  .meta({ id: "OffsetAudit", description: "The fate of every position in one reading of a source." });

/** The state of every millisecond of a range, as core's `AuditReport`. */
export const auditReport = z
  .object({
    groupId: z.string().describe("The audited group."),
    range: interval.describe("The audited range."),
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
    offsets: z
      .array(reading)
      .readonly()
      .describe("The fate of every position of the source, by reading; empty for boundaries of time."),
    isSound: z
      .boolean()
      .describe("Whether there is no gap, no overlap and no doubt, in time and in positions."),
    isComplete: z
      .boolean()
      .describe("Whether it is sound, all of the range has succeeded, and all of its positions were read."),
  })
  .meta({ id: "AuditReport", description: "The fate of every millisecond of a group's ledger." });
