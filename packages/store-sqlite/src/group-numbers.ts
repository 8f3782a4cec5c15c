import type { Statements } from "./statements.js";

/** How many groups stay in memory: as many as schedules do. */
const CACHED_GROUPS = 200_000;

/** The short numbers under which groups are stored. */
export class GroupNumbers {
  readonly #statements: Statements;
  readonly #numbers = new Map<string, number>();
  readonly #ids = new Map<number, string>();

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** Returns the number of a group, or `undefined` if it has no schedule. */
  numberOf(groupId: string): number | undefined {
    const known = this.#numbers.get(groupId);
    if (known !== undefined) return known;
    const row = this.#statements.get<{ no: number }>("SELECT no FROM schedule WHERE group_id = ?", groupId);
    if (row !== undefined) this.remember(groupId, row.no);
    return row?.no;
  }

  idOf(no: number): string {
    const known = this.#ids.get(no);
    if (known !== undefined) return known;
    const row = this.#statements.get<{ group_id: string }>("SELECT group_id FROM schedule WHERE no = ?", no);
    if (row === undefined) throw new Error(`there is no group ${no}`);
    this.remember(row.group_id, no);
    return row.group_id;
  }

  remember(groupId: string, no: number): void {
    if (this.#ids.get(no) === groupId) return;
    if (this.#numbers.size >= CACHED_GROUPS) this.clear();
    this.#numbers.set(groupId, no);
    this.#ids.set(no, groupId);
  }

  /** Forgets all numbers: they may have been reassigned. */
  clear(): void {
    this.#numbers.clear();
    this.#ids.clear();
  }
}
