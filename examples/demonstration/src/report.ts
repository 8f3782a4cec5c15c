import type { AuditReport } from "@tidegate/core";
import type { Verdict } from "@tidegate/testkit/recorder";
import Table from "cli-table3";

const HEAD = [
  "group",
  "intervals",
  "gaps",
  "overlaps",
  "doubtful",
  "by the record",
  "replayed",
  "source",
  "target",
  "missing",
];

/** The result of one group: by its ledger, and by the recording of its jobs. */
export interface GroupReport {
  /** Its rows are those that verification has counted on both sides of each interval. */
  readonly audit: AuditReport;
  readonly verdict: Verdict;
  /** The flights that the group had to copy. */
  readonly replayed: number;
}

/** Prints what the groups came to; returns whether all of it holds. */
export function printReport(groups: readonly GroupReport[]): boolean {
  const table = new Table({ head: HEAD, style: { head: [], border: [] } });
  let isSound = true;
  for (const { audit, verdict, replayed } of groups) {
    const { rowsRead, rowsWritten } = audit;
    table.push([
      audit.groupId,
      audit.succeeded.intervals,
      audit.gaps.length,
      audit.overlaps.length,
      audit.doubtful.length,
      verdict.isExact ? "once" : "NOT ONCE",
      replayed,
      rowsRead,
      rowsWritten,
      rowsRead - rowsWritten,
    ]);
    isSound &&= verdict.isExact && audit.isComplete;
    isSound &&= replayed > 0 && rowsRead === replayed && rowsWritten === replayed;
  }
  console.log(table.toString());
  console.log(
    isSound
      ? "Every interval ran exactly once, by the ledger and by the record of all jobs: gaps 0, overlaps 0, doubts 0.\n" +
          "After each job, the rows of its interval in the target were those of the source, by number and by checksum."
      : "NOT SOUND: a row is missing or doubled, or an interval is not accounted for.",
  );
  return isSound;
}
