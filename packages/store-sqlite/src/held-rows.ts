import type { RunRow } from "./run-rows.js";

/** The fields that a change needs of the run before it. */
export type BeforeRow = Pick<
  RunRow,
  | "no"
  | "group_no"
  | "lower"
  | "upper"
  | "generation"
  | "id"
  | "kind"
  | "state"
  | "token"
  | "place"
  | "lease_until"
  | "is_blocking"
  | "is_superseded"
  | "backfill_id"
  | "gating"
>;

/** Returns the row of a run that was claimed for the first time. */
export function heldRow(
  row: Pick<
    BeforeRow,
    "no" | "group_no" | "lower" | "upper" | "generation" | "id" | "kind" | "backfill_id" | "gating"
  >,
  token: number,
  leaseUntil: number,
): BeforeRow {
  return {
    no: row.no,
    group_no: row.group_no,
    lower: row.lower,
    upper: row.upper,
    generation: row.generation,
    id: row.id,
    kind: row.kind,
    state: "SUBMITTING",
    token,
    place: "active",
    lease_until: leaseUntil,
    is_blocking: 0,
    is_superseded: 0,
    backfill_id: row.backfill_id,
    gating: row.gating,
  };
}

/**
 * Rows of runs as they were claimed, so that the change that ends one need not read it again: the store has exclusive
 * use of the file. Every other write of a claimed run forgets its row.
 */
export class HeldRows {
  readonly #rows = new Map<string, BeforeRow>();

  add(row: BeforeRow): void {
    this.#rows.set(row.id, row);
  }

  /** Returns the row of a run and forgets it; `undefined` if it has to be read. */
  take(id: string): BeforeRow | undefined {
    const row = this.#rows.get(id);
    if (row !== undefined) this.#rows.delete(id);
    return row;
  }

  forget(id: string): void {
    this.#rows.delete(id);
  }

  /** Forgets all rows: after a rollback, or if runs were removed. */
  clear(): void {
    this.#rows.clear();
  }
}
