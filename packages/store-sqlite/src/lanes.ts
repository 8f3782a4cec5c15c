import { AT_ONCE, type LanePlace } from "@tidegate/core";
import type { Statements } from "./statements.js";

/** How many runs of a live lane stand where. */
export interface LaneCounts {
  readonly admitted: number;
  readonly waiting: number;
  readonly blocking: number;
}

const EMPTY: LaneCounts = { admitted: 0, waiting: 0, blocking: 0 };

const PLANNED = "group_no = ? AND kind = 'SCHEDULED' AND state = 'PLANNED'";

const OLDEST_WAITING = `SELECT id FROM run WHERE ${PLANNED} AND wake_at IS NULL
  ORDER BY lower, generation, upper LIMIT ?`;

const ADMITTED_PLANNED = `SELECT count(*) AS runs FROM run WHERE ${PLANNED} AND wake_at IS NOT NULL`;

const GIVE_UP_PLACES = `UPDATE run SET wake_at = NULL WHERE ${PLANNED} AND wake_at IS NOT NULL AND id NOT IN
  (SELECT id FROM run WHERE ${PLANNED} ORDER BY lower, generation, upper LIMIT ?) RETURNING id`;

/** What the runs in the table say about all lanes that are not empty. */
const STANDING: readonly (readonly [place: keyof LaneCounts, text: string])[] = [
  [
    "admitted",
    "SELECT group_no, count(*) AS runs FROM run WHERE wake_at IS NOT NULL AND kind = 'SCHEDULED' GROUP BY 1",
  ],
  [
    "waiting",
    `SELECT group_no, count(*) AS runs FROM run
      WHERE kind = 'SCHEDULED' AND state = 'PLANNED' AND wake_at IS NULL GROUP BY 1`,
  ],
  [
    "blocking",
    "SELECT group_no, count(*) AS runs FROM run WHERE is_blocking = 1 AND kind = 'SCHEDULED' GROUP BY 1",
  ],
];

/**
 * The live lanes. Their counts follow from the runs, so they are not stored: they are counted when the store is opened
 * and kept in memory while it has the file to itself. A lane without runs takes no memory.
 */
export class Lanes {
  readonly #statements: Statements;
  readonly #counts = new Map<number, LaneCounts>();

  constructor(statements: Statements) {
    this.#statements = statements;
    this.recount();
  }

  /** Counts all lanes anew: at the beginning, and after a transaction was taken back. */
  recount(): void {
    this.#counts.clear();
    for (const [place, text] of STANDING) {
      for (const { group_no, runs } of this.#statements.all<{ group_no: number; runs: number }>(text)) {
        this.#counts.set(group_no, { ...this.of(group_no), [place]: runs });
      }
    }
  }

  of(groupNo: number): LaneCounts {
    return this.#counts.get(groupNo) ?? EMPTY;
  }

  /** How many new runs find a place at once: none while others wait or one blocks. */
  freePlaces(groupNo: number, laneWidth: number): number {
    const { admitted, waiting, blocking } = this.of(groupNo);
    return waiting > 0 || blocking > 0 ? 0 : Math.max(0, laneWidth - admitted);
  }

  /** Counts runs that were inserted. */
  add(groupNo: number, added: { readonly admitted: number; readonly waiting: number }): void {
    const { admitted, waiting, blocking } = this.of(groupNo);
    this.#set(groupNo, { admitted: admitted + added.admitted, waiting: waiting + added.waiting, blocking });
  }

  /** Counts a run that went from one place to another, and admits who waits if that made room. */
  move(groupNo: number, from: LanePlace, to: LanePlace): void {
    if (from === to) return;
    const before = this.of(groupNo);
    const after = (place: keyof LaneCounts): number =>
      before[place] + Number(to === place) - Number(from === place);
    const counts = { admitted: after("admitted"), waiting: after("waiting"), blocking: after("blocking") };
    this.#set(groupNo, counts);
    if (counts.waiting > 0) this.#admit(groupNo, this.#widthOf(groupNo));
  }

  /**
   * Changes how many runs the lane admits. Planned runs that have a place give it up first; those that get it again keep
   * the time that they waited for.
   */
  resize(groupNo: number, laneWidth: number): void {
    this.#statements.run("UPDATE schedule_state SET lane_width = ? WHERE no = ?", laneWidth, groupNo);
    const { admitted, waiting, blocking } = this.of(groupNo);
    const planned = this.#statements.get<{ runs: number }>(ADMITTED_PLANNED, groupNo)!.runs;
    const places = blocking > 0 ? 0 : Math.max(0, laneWidth - (admitted - planned));
    const moved = this.#statements.all<{ id: string }>(GIVE_UP_PLACES, groupNo, groupNo, places).length;
    this.#set(groupNo, { admitted: admitted - moved, waiting: waiting + moved, blocking });
    this.#admit(groupNo, laneWidth);
  }

  /** The group is gone, its runs with it. */
  forget(groupNo: number): void {
    this.#counts.delete(groupNo);
  }

  /** The live lane's rule: while nothing blocks, the oldest waiting runs get the free places. */
  #admit(groupNo: number, laneWidth: number): void {
    const { admitted, waiting, blocking } = this.of(groupNo);
    const places = blocking > 0 ? 0 : Math.min(waiting, laneWidth - admitted);
    if (places <= 0) return;
    const oldest = this.#statements.all<{ id: string }>(OLDEST_WAITING, groupNo, places);
    for (const { id } of oldest) this.#statements.run("UPDATE run SET wake_at = ? WHERE id = ?", AT_ONCE, id);
    this.#set(groupNo, { admitted: admitted + oldest.length, waiting: waiting - oldest.length, blocking });
  }

  #widthOf(groupNo: number): number {
    const text = "SELECT lane_width FROM schedule_state WHERE no = ?";
    return this.#statements.get<{ lane_width: number }>(text, groupNo)?.lane_width ?? 0;
  }

  #set(groupNo: number, counts: LaneCounts): void {
    const isEmpty = counts.admitted === 0 && counts.waiting === 0 && counts.blocking === 0;
    if (isEmpty) this.#counts.delete(groupNo);
    else this.#counts.set(groupNo, counts);
  }
}
