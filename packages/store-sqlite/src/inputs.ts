import type { EpochMs, Interval, RunInput } from "@tidegate/core";
import { type GroupWindow, generationDigestOf, mergeGenerations } from "@tidegate/core/store";
import type { GroupNumbers } from "./group-numbers.js";
import { longestRunMs } from "./longest-run.js";
import type { RunRow } from "./run-rows.js";
import type { Statements } from "./statements.js";

const SUCCEEDED = `SELECT lower, upper, generation FROM run WHERE group_no = ? AND lower >= ? AND lower < ? AND upper > ?
  AND state = 'SUCCEEDED' AND is_superseded = 0 ORDER BY lower, generation, upper`;

const SET = "UPDATE run SET inputs = ?, stale_at = NULL, is_stale_noted = 0 WHERE no = ?";

const ADD =
  "INSERT OR IGNORE INTO run_input (group_id, upper, lower, run_no, digest, is_partial) VALUES (?, ?, ?, ?, ?, ?)";

const REACH = `INSERT INTO input_reach (group_id, longest_ms) VALUES (?, ?)
  ON CONFLICT (group_id) DO UPDATE SET longest_ms = max(longest_ms, excluded.longest_ms)`;

const READERS = `SELECT run_no, lower, upper, digest FROM run_input WHERE group_id = ?1 AND upper > ?2 AND lower < ?3
  AND upper < ?3 + (SELECT longest_ms FROM input_reach WHERE group_id = ?1) AND (is_partial OR ?4)`;

const LATE_REPORTS = `SELECT sum(reports) AS reports FROM late_time
  WHERE group_no = ? AND upper > ? AND lower < ? AND reported_by = ?`;

const MARK = "UPDATE run SET stale_at = ? WHERE no = ? AND is_superseded = 0";

interface ReaderRow {
  readonly run_no: number;
  readonly lower: number;
  readonly upper: number;
  readonly digest: string;
}

/** The data of other groups that runs have read, and whether they have changed since. */
export class Inputs {
  readonly #statements: Statements;
  readonly #groups: GroupNumbers;
  /** The groups of which a run has read time that was not covered. */
  readonly #awaited = new Set<string>();
  /** Whether any late data was ever reported. */
  #hasLate = false;

  constructor(statements: Statements, groups: GroupNumbers) {
    this.#statements = statements;
    this.#groups = groups;
    this.reread();
  }

  /** Reads which groups are awaited, and whether there is late data: when the store is opened, and after a rollback. */
  reread(): void {
    this.#awaited.clear();
    this.#hasLate = this.#statements.get("SELECT 1 FROM late_time LIMIT 1") !== undefined;
    const text = "SELECT DISTINCT group_id FROM run_input INDEXED BY run_input_partial WHERE is_partial";
    for (const { group_id } of this.#statements.all<{ group_id: string }>(text)) this.#awaited.add(group_id);
  }

  /** Whether any run has read time that was not covered. */
  get isAwaited(): boolean {
    return this.#awaited.size > 0;
  }

  /** Returns a digest of what has succeeded in a window: see `ScheduleStore.generationDigests`. */
  digestOf({ groupId, lower, upper }: GroupWindow): string {
    const no = this.#groups.numberOf(groupId);
    if (no === undefined) return generationDigestOf("", []);
    const text = "SELECT incarnation FROM schedule_state WHERE no = ?";
    const incarnation = this.#statements.get<{ incarnation: string }>(text, no)?.incarnation ?? "";
    const first = lower - longestRunMs(this.#statements, no);
    const runs = this.#statements.all<{ lower: number; upper: number; generation: number }>(
      SUCCEEDED,
      no,
      first,
      upper,
      lower,
    );
    const lateReports = this.#hasLate ? this.#lateReports(no, groupId, { lower, upper }) : 0;
    return generationDigestOf(incarnation, mergeGenerations(runs, { lower, upper }), lateReports);
  }

  #lateReports(no: number, groupId: string, { lower, upper }: Interval): number {
    const row = this.#statements.get<{ reports: number | null }>(LATE_REPORTS, no, lower, upper, groupId);
    return row?.reports ?? 0;
  }

  /** Returns whether all inputs are as they were found. */
  areCurrent(inputs: readonly RunInput[]): boolean {
    return inputs.every((input) => this.digestOf(input) === input.digest);
  }

  /** Sets the inputs of a run, which then is not stale. */
  set({ no, inputs: before }: Pick<RunRow, "no" | "inputs">, inputs: readonly RunInput[]): void {
    if (before === null && inputs.length === 0) return;
    const statements = this.#statements;
    statements.run(SET, inputs.length === 0 ? null : JSON.stringify(inputs), no);
    if (before !== null) statements.run("DELETE FROM run_input WHERE run_no = ?", no);
    for (const { groupId, lower, upper, digest, missing = [], isIgnored = false } of inputs) {
      if (isIgnored) continue;
      const isPartial = missing.length > 0;
      if (isPartial) this.#awaited.add(groupId);
      statements.run(ADD, groupId, upper, lower, no, digest, Number(isPartial));
      statements.run(REACH, groupId, upper - lower);
    }
  }

  /**
   * Makes the runs stale that have read other data in the time of a run than there are now. A first generation
   * changes only what was missing.
   */
  mark(
    groupId: string,
    { lower, upper, generation }: Pick<RunRow, "lower" | "upper" | "generation">,
    at: EpochMs,
  ): void {
    if (generation > 0 || this.#awaited.has(groupId))
      this.#mark(groupId, { lower, upper }, generation > 0, at);
  }

  /** Notes that a group was purged: the first generations of its next ledger are others than those that were read. */
  purged(groupId: string): void {
    const text = "UPDATE run_input SET is_partial = 1 WHERE group_id = ? AND is_partial = 0";
    if (this.#statements.run(text, groupId) > 0) this.#awaited.add(groupId);
  }

  /** Makes the runs stale that have read time for which the group itself has reported late data. */
  markLate(groupId: string, time: Interval, at: EpochMs): void {
    this.#hasLate = true;
    this.#mark(groupId, time, true, at);
  }

  #mark(groupId: string, { lower, upper }: Interval, isAgain: boolean, at: EpochMs): void {
    const digests = new Map<string, string>();
    const readers = this.#statements.all<ReaderRow>(READERS, groupId, lower, upper, Number(isAgain));
    for (const reader of readers) {
      const key = `${reader.lower}-${reader.upper}`;
      const digest = digests.get(key) ?? this.digestOf({ groupId, lower: reader.lower, upper: reader.upper });
      digests.set(key, digest);
      if (digest !== reader.digest) this.#statements.run(MARK, at, reader.run_no);
    }
  }
}

/** Notes that a run is stale: see `ScheduleStore.noteStale`. */
export function noteStale(statements: Statements, id: string): boolean {
  const text = `UPDATE run SET is_stale_noted = 1
    WHERE id = ? AND stale_at IS NOT NULL AND is_superseded = 0 AND is_stale_noted = 0`;
  return statements.run(text, id) === 1;
}
