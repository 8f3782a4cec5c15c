import type { AttemptLog } from "@tidegate/core/store";
import type { Statements } from "./statements.js";

const KEEP = `INSERT INTO attempt_log (run_no, attempt, first, lines)
  SELECT no, ?, ?, ? FROM run WHERE id = ? ON CONFLICT DO NOTHING`;

const GET = `SELECT k.first, k.lines FROM run r JOIN attempt_log k ON k.run_no = r.no
  WHERE r.id = ? AND k.attempt = ?`;

/** Keeps the log of an attempt; `false` if it is kept already, or if there is no such run. */
export function keepLog(statements: Statements, { runId, attempt, first, lines }: AttemptLog): boolean {
  return statements.run(KEEP, attempt, first, JSON.stringify(lines), runId) > 0;
}

/** Returns the log of an attempt, if it is kept. */
export function getLog(statements: Statements, runId: string, attempt: number): AttemptLog | undefined {
  const row = statements.get<{ first: number; lines: string }>(GET, runId, attempt);
  return row && { runId, attempt, first: row.first, lines: JSON.parse(row.lines) as string[] };
}
