import type { RunWait } from "@tidegate/core";
import type { Statements } from "./statements.js";

const GATED = "SELECT id, wait FROM run INDEXED BY run_look WHERE place = 'gated'";
const WAKE = `UPDATE run SET look_at = 0, look = look + 1 WHERE id = ? AND place = 'gated'
  AND EXISTS (SELECT 1 FROM json_each(wait, '$.wokenBy') WHERE value = ?)`;

/**
 * Gated runs by the groups that wake them. They follow from the runs' waits, so they are not stored: they are
 * read when the store is opened and kept in memory. One whose wait has changed is forgotten when it is woken.
 */
export class Sleepers {
  readonly #statements: Statements;
  readonly #byGroup = new Map<string, Set<string>>();

  constructor(statements: Statements) {
    this.#statements = statements;
    this.reread();
  }

  /** Reads all gated runs again: when the store is opened, and after a rollback. */
  reread(): void {
    this.#byGroup.clear();
    for (const { id, wait } of this.#statements.all<{ id: string; wait: string | null }>(GATED)) {
      if (wait !== null) this.add(id, JSON.parse(wait) as RunWait);
    }
  }

  /** Notes what wakes a run. */
  add(id: string, { wokenBy = [] }: RunWait): void {
    for (const groupId of wokenBy) {
      const ids = this.#byGroup.get(groupId);
      if (ids === undefined) this.#byGroup.set(groupId, new Set([id]));
      else ids.add(id);
    }
  }

  /** Makes the runs due that a run of this group wakes by its end. */
  wake(groupId: string): void {
    const ids = this.#byGroup.get(groupId);
    if (ids === undefined) return;
    for (const id of ids) if (this.#statements.run(WAKE, id, groupId) === 0) ids.delete(id);
    if (ids.size === 0) this.#byGroup.delete(groupId);
  }

  /** Whether nothing is woken by any group. */
  get isEmpty(): boolean {
    return this.#byGroup.size === 0;
  }
}
