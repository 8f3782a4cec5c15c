import type { AuditReport } from "@tidegate/core";
import Table from "cli-table3";
import type { Comparison } from "./verify.js";

const HEAD = [
  "group",
  "intervals",
  "gaps",
  "overlaps",
  "doubtful",
  "rows in",
  "rows out",
  "source",
  "target",
  "missing",
  "surplus",
];

/** Prints the audit beside the comparison; returns whether all of it holds. */
export function printReport(audits: readonly AuditReport[], comparisons: readonly Comparison[]): boolean {
  const table = new Table({ head: HEAD, style: { head: [], border: [] } });
  let isSound = true;
  for (const audit of audits) {
    const rows = comparisons.find(({ groupId }) => groupId === audit.groupId)!;
    table.push([
      audit.groupId,
      audit.succeeded.intervals,
      audit.gaps.length,
      audit.overlaps.length,
      audit.doubtful.length,
      countsReading(audit) ? audit.rowsRead : "(SQL)",
      audit.rowsWritten,
      rows.sourceRows,
      rows.targetRows,
      rows.missing,
      rows.surplus,
    ]);
    isSound &&= audit.isComplete && rows.missing === 0 && rows.surplus === 0 && rows.targetRows > 0;
    isSound &&= !countsReading(audit) || audit.rowsRead === audit.rowsWritten;
    isSound &&= audit.rowsWritten === rows.sourceRows;
  }
  console.log(table.toString());
  console.log(
    isSound
      ? "Every interval ran exactly once: gaps 0, overlaps 0, doubts 0, rows in = rows out, target = source row by row."
      : "NOT SOUND: a row is missing or doubled, or an interval is not accounted for.",
  );
  return isSound;
}

/** A job in SQL says what it wrote; how many rows its SELECT looked at nobody counts. */
function countsReading(audit: AuditReport): boolean {
  return audit.rowsRead > 0;
}
