import type { Backfill, BackfillState } from "../../run/backfill.js";
import type { BackfillCommit } from "../backfill-table.js";

/** A backfill as the table keeps it. */
export type BackfillRow = { -readonly [Field in keyof Backfill]: Backfill[Field] };

/** The backfills of all groups. */
export class BackfillTable {
  /** In the order in which they were inserted. */
  readonly #byId = new Map<string, BackfillRow>();

  /** `false` where there is one of this id. */
  insert(backfill: Backfill): boolean {
    if (this.#byId.has(backfill.id)) return false;
    this.#byId.set(backfill.id, { ...backfill });
    return true;
  }

  get(id: string): BackfillRow | undefined {
    return this.#byId.get(id);
  }

  /** Newest first. */
  list(filter: { groupId?: string; states?: readonly BackfillState[] }): Backfill[] {
    return [...this.#byId.values()]
      .filter(({ groupId }) => filter.groupId === undefined || groupId === filter.groupId)
      .filter(({ state }) => filter.states === undefined || filter.states.includes(state))
      .reverse()
      .map((row) => ({ ...row }));
  }

  removeAll(groupId: string): void {
    for (const row of this.#byId.values()) {
      if (row.groupId === groupId) this.#byId.delete(row.id);
    }
  }
}

/** Writes what a step says of the backfill itself; how many of its runs are open follows from these. */
export function applyStep(
  backfill: BackfillRow,
  { newCursor, state, reason = null, updatedAt, runs }: BackfillCommit,
): void {
  backfill.cursor = newCursor;
  backfill.state = state;
  backfill.reason = reason;
  backfill.updatedAt = updatedAt;
  backfill.plannedRuns += runs.length;
}
