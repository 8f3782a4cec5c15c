import type { Backfill, BackfillState } from "@tidegate/core";
import type { BackfillCommit } from "@tidegate/core/store";
import { asBackfill, type BackfillColumns } from "@tidegate/store-kit";
import type { GroupNumbers } from "./group-numbers.js";
import { insertBeside, isOfLedger, mayInsertBeside } from "./planning.js";
import type { Statements } from "./statements.js";
import type { Tables } from "./tables.js";

interface BackfillRow extends BackfillColumns {
  readonly group_no: number;
}

/** Inserts a backfill; `false` if one with this id exists. */
export function insertBackfill(statements: Statements, no: number, backfill: Backfill): boolean {
  const inserted = statements.run(
    `INSERT INTO backfill (id, group_no, lower, upper, selects, concurrency, cursor, state, reason,
      planned_runs, open_runs, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
    backfill.id,
    no,
    backfill.lower,
    backfill.upper,
    backfill.select,
    backfill.concurrency,
    backfill.cursor,
    backfill.state,
    backfill.reason,
    backfill.plannedRuns,
    backfill.openRuns,
    backfill.createdAt,
    backfill.updatedAt,
  );
  return inserted > 0;
}

/**
 * Moves a backfill's cursor and inserts its next runs. `false`, with nothing written, if it is not as
 * expected.
 */
export function planBackfill(tables: Tables, commit: BackfillCommit): boolean {
  const { statements } = tables;
  const row = statements.get<BackfillRow>("SELECT * FROM backfill WHERE id = ?", commit.id);
  if (row === undefined || row.state !== "RUNNING" || row.cursor !== commit.cursor) return false;
  if (!isOfLedger(tables, row.group_no, commit.incarnation)) return false;
  if (!mayInsertBeside(tables, commit.runs)) return false;
  for (const run of commit.runs) insertBeside(tables, run);
  statements.run(
    `UPDATE backfill SET cursor = ?, state = ?, reason = ?, updated_at = ?, planned_runs = planned_runs + ?,
      open_runs = open_runs + ? WHERE id = ?`,
    commit.newCursor,
    commit.state,
    commit.reason ?? null,
    commit.updatedAt,
    commit.runs.length,
    commit.runs.length,
    commit.id,
  );
  return true;
}

export function getBackfill(statements: Statements, groups: GroupNumbers, id: string): Backfill | undefined {
  const row = statements.get<BackfillRow>("SELECT * FROM backfill WHERE id = ?", id);
  return row === undefined ? undefined : asBackfill(row, groups.idOf(row.group_no));
}

/** Lists backfills, newest first. */
export function listBackfills(
  statements: Statements,
  groups: GroupNumbers,
  filter: { readonly groupId?: string; readonly states?: readonly BackfillState[] },
): Backfill[] {
  const no = filter.groupId === undefined ? undefined : (groups.numberOf(filter.groupId) ?? -1);
  return statements
    .all<BackfillRow>(
      "SELECT * FROM backfill WHERE ? IS NULL OR group_no = ? ORDER BY no DESC",
      no ?? null,
      no ?? null,
    )
    .filter(({ state }) => filter.states === undefined || filter.states.includes(state))
    .map((row) => asBackfill(row, groups.idOf(row.group_no)));
}
