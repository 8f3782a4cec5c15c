import type { AuditReport } from "@tidegate/core";
import type { Verdict } from "@tidegate/testkit/recorder";
import Table from "cli-table3";
import type { Comparison } from "./verify.js";

const HEAD = [
  "group",
  "intervals",
  "gaps",
  "overlaps",
  "doubtful",
  "by the record",
  "rows in",
  "rows out",
  "source",
  "target",
  "missing",
  "surplus",
];

/** What one group came to: by its ledger, by the recording of its jobs, and by its rows. */
export interface GroupReport {
  readonly audit: AuditReport;
  readonly verdict: Verdict;
  readonly rows: Comparison;
}

/** Prints what the groups came to; returns whether all of it holds. */
export function printReport(groups: readonly GroupReport[]): boolean {
  const table = new Table({ head: HEAD, style: { head: [], border: [] } });
  let isSound = true;
  for (const { audit, verdict, rows } of groups) {
    table.push([
      audit.groupId,
      audit.succeeded.intervals,
      audit.gaps.length,
      audit.overlaps.length,
      audit.doubtful.length,
      verdict.isExact ? "once" : "NOT ONCE",
      countsReading(audit) ? audit.rowsRead : "(SQL)",
      audit.rowsWritten,
      rows.sourceRows,
      rows.targetRows,
      rows.missing,
      rows.surplus,
    ]);
    isSound &&= verdict.isExact;
    isSound &&= audit.isComplete && rows.missing === 0 && rows.surplus === 0 && rows.targetRows > 0;
    isSound &&= !countsReading(audit) || audit.rowsRead === audit.rowsWritten;
    isSound &&= audit.rowsWritten === rows.sourceRows;
  }
  console.log(table.toString());
  console.log(
    isSound
      ? "Every interval ran exactly once, by the ledger and by the record of all jobs: gaps 0, overlaps 0, doubts 0,\n" +
          "rows in = rows out, target = source row by row."
      : "NOT SOUND: a row is missing or doubled, or an interval is not accounted for.",
  );
  return isSound;
}

/** A job in SQL says what it wrote; how many rows its SELECT looked at nobody counts. */
function countsReading(audit: AuditReport): boolean {
  return audit.rowsRead > 0;
}
