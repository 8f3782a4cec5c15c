import type { JobOutcome } from "../job/job-outcome.js";
import type { RowCounts, VerifyRule } from "../job/verification.js";

/** The code of a run whose rows have not arrived. */
export const MISMATCH = "ROW_MISMATCH";

/**
 * Returns a success with what was counted on both sides in place of what the job has counted itself, or a
 * failure if they differ by more than the rule allows. Pure.
 */
export function withCounts(outcome: JobOutcome, counts: RowCounts, rule: Required<VerifyRule>): JobOutcome {
  const { sourceRows, targetRows, rejectedRows } = counts;
  const metrics = {
    ...outcome.metrics,
    rowsRead: sourceRows + (rejectedRows ?? 0),
    rowsWritten: targetRows,
    ...(rejectedRows === undefined ? {} : { rowsDirty: rejectedRows }),
  };
  const problem = mismatch(counts, rule);
  if (problem === undefined || rule.onMismatch === "record") return { ...outcome, metrics };
  return { state: "FAILED", metrics, error: { code: MISMATCH, message: problem } };
}

function mismatch(
  { sourceRows, targetRows, checksums }: RowCounts,
  rule: Required<VerifyRule>,
): string | undefined {
  const maxDiff = rule.rows === "equal" ? 0 : rule.rows.maxDiff;
  if (Math.abs(sourceRows - targetRows) > maxDiff) {
    return `The interval has ${sourceRows} rows in the source and ${targetRows} in the target; verify allows a difference of ${maxDiff}.`;
  }
  if (!rule.checksum || checksums === undefined || checksums.source === checksums.target) return undefined;
  return `The ${targetRows} rows of the interval in the target are not those of the source: their checksums differ.`;
}
