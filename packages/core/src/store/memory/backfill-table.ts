import type { Backfill, BackfillState } from "../../run/backfill.js";
import type { BackfillCommit } from "../backfill-table.js";

/** A backfill as the table stores it. */
export type BackfillRow = { -readonly [Field in keyof Backfill]: Backfill[Field] };

/** The backfills of all groups. */
export class BackfillTable {
  /** In insertion order. */
  readonly #byId = new Map<string, BackfillRow>();

  /** Inserts a backfill; `false` if one with this id exists. */
  insert(backfill: Backfill): boolean {
    if (this.#byId.has(backfill.id)) return false;
    this.#byId.set(backfill.id, { ...backfill });
    return true;
  }

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): BackfillRow | undefined {
    return this.#byId.get(id);
  }

  /** Lists backfills, newest first. */
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

/** Writes a step's changes to the backfill itself; the number of its open runs follows from those runs. */
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
