import type { Statements } from "./statements.js";

/** How many groups stay in memory, about 0.15 kB each: as many as schedules do. */
const CACHED_GROUPS = 200_000;

/** The columns of `schedule_state` that each plan and each end of a run need. */
export interface GroupState {
  readonly incarnation: string;
  readonly version: number;
  readonly is_planning: number;
  watermark: number;
  next_fire_at: number | null;
  readonly lane_width: number;
  readonly delay_ms: number;
  longest_run_ms: number;
  /** Of the reading by positions; `null` without one. */
  epoch: number | null;
}

const STATE =
  "SELECT incarnation, version, is_planning, watermark, next_fire_at, lane_width, delay_ms, longest_run_ms, offsets ->> '$.epoch' AS epoch FROM schedule_state WHERE no = ?";

/**
 * The states of groups that were planned last, so that the life of a run reads none: the store has exclusive use of the
 * file. Plans keep them up to date; every other write of `schedule_state` forgets the group's.
 */
export class GroupStates {
  readonly #statements: Statements;
  readonly #states = new Map<number, GroupState>();

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** Returns the state of a group, which the caller changes as it changes the row; `undefined` if there is none. */
  of(no: number): GroupState | undefined {
    const known = this.#states.get(no);
    if (known !== undefined) return known;
    const row = this.#statements.get<GroupState>(STATE, no);
    if (row === undefined) return undefined;
    // A row as SQLite gives it has no prototype, which makes each access to it slow.
    const state = { ...row };
    if (this.#states.size >= CACHED_GROUPS) this.clear();
    this.#states.set(no, state);
    return state;
  }

  forget(no: number): void {
    this.#states.delete(no);
  }

  /** Forgets all states, after a rollback. */
  clear(): void {
    this.#states.clear();
  }
}
