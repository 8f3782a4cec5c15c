import { z } from "zod";
import { interval } from "./interval.js";

const share = z.object({ runs: z.int(), intervals: z.int(), ms: z.number() });

/** What became of every millisecond of a range, as core's `AuditReport`. */
export const auditReport = z.object({
  groupId: z.string(),
  range: interval,
  succeeded: share,
  active: share,
  failed: share,
  cancelled: share,
  skipped: share,
  gaps: z.array(interval).readonly(),
  overlaps: z.array(interval).readonly(),
  doubtful: z.array(interval).readonly(),
  examinedFrom: z.number(),
  owed: interval.nullable(),
  rowsRead: z.number(),
  rowsWritten: z.number(),
  rowsDirty: z.number(),
  isSound: z.boolean(),
  isComplete: z.boolean(),
});
