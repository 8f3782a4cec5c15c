import type { Interval } from "../../interval/boundaries.js";
import type { Run } from "../../ledger/run.js";

/** A run as the table keeps it: the fields of `Run`, changed in place, and the fencing token. */
export type RunRow = { -readonly [Field in keyof Run]: Run[Field] } & { token: number };

/** The runs of all groups: by id, and for each group ordered by lower bound and generation. */
export class RunTable {
  readonly #byId = new Map<string, RunRow>();
  readonly #byGroup = new Map<string, RunRow[]>();

  get(id: string): RunRow | undefined {
    return this.#byId.get(id);
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  insert(row: RunRow): void {
    this.#byId.set(row.id, row);
    const rows = this.#byGroup.get(row.groupId);
    if (rows === undefined) {
      this.#byGroup.set(row.groupId, [row]);
      return;
    }
    let index = rows.length;
    while (index > 0 && comesBefore(row, rows[index - 1]!)) index -= 1;
    if (index === rows.length) rows.push(row);
    else rows.splice(index, 0, row);
  }

  /** A group's runs in order. */
  ofGroup(groupId: string): readonly RunRow[] {
    return this.#byGroup.get(groupId) ?? [];
  }

  /** All runs, group by group. */
  *all(): Generator<RunRow> {
    for (const groupId of [...this.#byGroup.keys()].sort()) yield* this.ofGroup(groupId);
  }

  /** The runs of the same interval, whatever their generation. */
  ofInterval(groupId: string, { lower, upper }: Interval): RunRow[] {
    const rows = this.ofGroup(groupId);
    const same: RunRow[] = [];
    for (
      let index = firstAtOrAfter(rows, lower);
      index < rows.length && rows[index]!.lower === lower;
      index += 1
    ) {
      if (rows[index]!.upper === upper) same.push(rows[index]!);
    }
    return same;
  }

  removeGroup(groupId: string): RunRow[] {
    const rows = this.#byGroup.get(groupId) ?? [];
    this.#byGroup.delete(groupId);
    for (const { id } of rows) this.#byId.delete(id);
    return rows;
  }
}

/** The index of the first run whose lower bound is not before `lower`. */
export function firstAtOrAfter(rows: readonly RunRow[], lower: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle]!.lower < lower) low = middle + 1;
    else high = middle;
  }
  return low;
}

function comesBefore(a: RunRow, b: RunRow): boolean {
  if (a.lower !== b.lower) return a.lower < b.lower;
  if (a.generation !== b.generation) return a.generation < b.generation;
  return a.upper !== b.upper ? a.upper < b.upper : a.id < b.id;
}
