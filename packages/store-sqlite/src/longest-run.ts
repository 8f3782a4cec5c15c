import type { Statements } from "./statements.js";

/**
 * Returns the length of the group's longest run, ms: none that begins earlier than this before a bound can
 * reach it.
 */
export function longestRunMs(statements: Statements, no: number): number {
  const text = "SELECT longest_run_ms FROM schedule_state WHERE no = ?";
  return statements.get<{ longest_run_ms: number }>(text, no)?.longest_run_ms ?? 0;
}
