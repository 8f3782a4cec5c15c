import { type EpochMs, isAdmitted, isLagging, queueOf } from "@tidegate/core";
import type { LaneCounts } from "@tidegate/store-sql";
import { queueNo, type RunRow } from "./run-rows.js";
import type { Statements } from "./statements.js";

/**
 * The relation of a run to its group: part of its live lane, or open `beside` it (a re-run or a backfill's
 * run).
 */
export type LanePart = "waiting" | "admitted" | "blocking" | "beside" | "none";

/** A group's open runs, and those that block its lane. */
export interface Lane {
  /** Ids of runs that have a place. */
  readonly admitted: readonly string[];
  /** Ids of runs that need no place. */
  readonly beside: readonly string[];
  /** How many runs wait for a place. There may be many, so they are read from the table. */
  readonly waiting: number;
  readonly blocking: number;
}

interface MutableLane {
  readonly admitted: string[];
  readonly beside: string[];
  waiting: number;
  blocking: number;
}

/** The fields of a run that an admission needs. */
type Rival = Pick<
  RunRow,
  "id" | "lower" | "generation" | "upper" | "kind" | "place" | "intervals" | "scheduled_time" | "token"
>;

/** The lane columns of a group. */
interface LaneRow {
  readonly lane_width: number;
  readonly delay_ms: number;
}

const EMPTY: Lane = { admitted: [], beside: [], waiting: 0, blocking: 0 };

// Each of these uses an index without ended runs: a ledger is long.
const OPEN = `SELECT group_no, id, kind FROM run INDEXED BY run_ready WHERE place = 'ready'
  UNION ALL SELECT group_no, id, kind FROM run INDEXED BY run_gated WHERE place = 'gated'
  UNION ALL SELECT group_no, id, kind FROM run INDEXED BY run_held WHERE lease_until IS NOT NULL`;
const WAITING = `SELECT group_no, count(*) AS runs FROM run INDEXED BY run_waiting WHERE place = 'waiting' GROUP BY group_no`;
const BLOCKING = `SELECT group_no, count(*) AS runs FROM run INDEXED BY run_blocking
  WHERE is_blocking AND kind = 'SCHEDULED' GROUP BY group_no`;
const RIVAL = "id, lower, generation, upper, kind, place, intervals, scheduled_time, token";
const OLDEST_WAITING = `SELECT ${RIVAL} FROM run INDEXED BY run_waiting
  WHERE group_no = ? AND place = 'waiting' ORDER BY lower, generation, upper LIMIT ?`;
const IF_PLANNED = `SELECT ${RIVAL} FROM run WHERE id = ? AND state = 'PLANNED'`;
const ADMIT = "UPDATE run SET place = 'ready', queue = ?, ready_at = ?, wait = NULL WHERE id = ?";
const PUT_BACK = "UPDATE run SET place = 'waiting', ready_at = NULL, wait = ? WHERE id = ?";

/**
 * The live lanes. They follow from the runs, so they are not stored: they are read when the store is opened
 * and kept in memory while it has exclusive use of the file. A group without open runs takes no memory.
 */
export class Lanes {
  readonly #statements: Statements;
  readonly #lanes = new Map<number, MutableLane>();

  constructor(statements: Statements) {
    this.#statements = statements;
    this.reread();
  }

  /** Reads all lanes again: when the store is opened, and after a rollback. */
  reread(): void {
    this.#lanes.clear();
    for (const row of this.#statements.all<Pick<RunRow, "group_no" | "id" | "kind">>(OPEN)) {
      const lane = this.#mutable(row.group_no);
      (row.kind === "SCHEDULED" ? lane.admitted : lane.beside).push(row.id);
    }
    for (const { group_no, runs } of this.#statements.all<{ group_no: number; runs: number }>(WAITING)) {
      this.#mutable(group_no).waiting = runs;
    }
    for (const { group_no, runs } of this.#statements.all<{ group_no: number; runs: number }>(BLOCKING)) {
      this.#mutable(group_no).blocking = runs;
    }
  }

  of(groupNo: number): Lane {
    return this.#lanes.get(groupNo) ?? EMPTY;
  }

  /** Returns how many runs of a group stand in each part of its lane. */
  countsOf(groupNo: number): LaneCounts {
    const { admitted, waiting, blocking } = this.of(groupNo);
    return { admittedRuns: admitted.length, waitingRuns: waiting, blockingRuns: blocking };
  }

  /** Returns how many new runs get a place at once: none while others wait or one blocks. */
  freePlaces(groupNo: number, laneWidth: number): number {
    const { admitted, waiting, blocking } = this.of(groupNo);
    return waiting > 0 || blocking > 0 ? 0 : Math.max(0, laneWidth - admitted.length);
  }

  /** Returns a group's planned runs of all kinds. */
  planned(groupNo: number): string[] {
    const { admitted, beside, waiting } = this.of(groupNo);
    const placed = [...admitted, ...beside].flatMap((id) => this.#ifPlanned(id));
    return [...placed, ...this.#oldestWaiting(groupNo, waiting)].map(({ id }) => id);
  }

  /**
   * Records that a run moved from one part to another, and admits waiting runs if that made room.
   *
   * @param at - when admitted runs become ready, epoch ms
   */
  move(groupNo: number, id: string, from: LanePart, to: LanePart, at: EpochMs): void {
    if (from === to) return;
    const lane = this.#mutable(groupNo);
    place(lane, id, from, -1);
    place(lane, id, to, 1);
    if (lane.waiting > 0) this.#admit(groupNo, at);
    this.#forgetEmpty(groupNo);
  }

  /**
   * Changes how many runs the lane admits. Planned runs first give up their places; those that get one again
   * are as they were before.
   */
  resize(groupNo: number, laneWidth: number, at: EpochMs): void {
    this.#statements.run("UPDATE schedule_state SET lane_width = ? WHERE no = ?", laneWidth, groupNo);
    const { admitted, waiting, blocking } = this.of(groupNo);
    const planned = admitted.flatMap((id) => this.#ifPlanned(id));
    const active = admitted.length - planned.length;
    const places = blocking > 0 ? 0 : Math.max(0, laneWidth - active);
    const rivals = [...planned, ...this.#oldestWaiting(groupNo, Math.min(waiting, places))].sort(compare);
    const kept = new Set(rivals.slice(0, places).map(({ id }) => id));
    const lane = this.#mutable(groupNo);
    for (const { id } of planned) {
      if (kept.has(id)) continue;
      this.#statements.run(PUT_BACK, JSON.stringify({ reason: "lane", since: at }), id);
      place(lane, id, "admitted", -1);
      place(lane, id, "waiting", 1);
    }
    if (lane.waiting > 0) this.#admit(groupNo, at);
    this.#forgetEmpty(groupNo);
  }

  /** Forgets a group that was removed with its runs. */
  forget(groupNo: number): void {
    this.#lanes.delete(groupNo);
  }

  /** Applies the live lane's rule: while nothing blocks, the oldest waiting runs get the free places. */
  #admit(groupNo: number, at: EpochMs): void {
    const lane = this.#mutable(groupNo);
    if (lane.blocking > 0) return;
    const { lane_width, delay_ms } = this.#laneRow(groupNo);
    const oldest = this.#oldestWaiting(
      groupNo,
      Math.max(0, Math.min(lane.waiting, lane_width - lane.admitted.length)),
    );
    const [first] = oldest;
    if (first === undefined) return;
    const lags = isLagging({ ...first, scheduledTime: first.scheduled_time }, at, delay_ms);
    for (const { id, kind, token } of oldest) {
      const placesTaken = lane.admitted.length;
      const queue = queueOf({ kind, wasClaimed: token > 0, isLagging: lags, placesTaken });
      this.#statements.run(ADMIT, queueNo(queue), at, id);
      place(lane, id, "waiting", -1);
      place(lane, id, "admitted", 1);
    }
  }

  #oldestWaiting(groupNo: number, limit: number): Rival[] {
    return limit === 0 ? [] : this.#statements.all<Rival>(OLDEST_WAITING, groupNo, limit);
  }

  #ifPlanned(id: string): Rival[] {
    return this.#statements.all<Rival>(IF_PLANNED, id);
  }

  #laneRow(groupNo: number): LaneRow {
    const text = "SELECT lane_width, delay_ms FROM schedule_state WHERE no = ?";
    return this.#statements.get<LaneRow>(text, groupNo) ?? { lane_width: 0, delay_ms: 0 };
  }

  #mutable(groupNo: number): MutableLane {
    const known = this.#lanes.get(groupNo);
    if (known !== undefined) return known;
    const lane: MutableLane = { admitted: [], beside: [], waiting: 0, blocking: 0 };
    this.#lanes.set(groupNo, lane);
    return lane;
  }

  #forgetEmpty(groupNo: number): void {
    const { admitted, beside, waiting, blocking } = this.of(groupNo);
    if (admitted.length + beside.length + waiting + blocking === 0) this.#lanes.delete(groupNo);
  }
}

/** Returns the relation of a run to its group. */
export function partOf({ kind, place: at }: Pick<RunRow, "kind" | "place">): LanePart {
  if (kind !== "SCHEDULED") return isAdmitted(at) ? "beside" : "none";
  return isAdmitted(at) ? "admitted" : (at as "waiting" | "blocking" | "none");
}

/** Adds a run to a part, or removes it. */
function place(lane: MutableLane, id: string, at: LanePart, step: 1 | -1): void {
  if (at === "waiting" || at === "blocking") lane[at] += step;
  else if (at !== "none" && step === 1) lane[at].push(id);
  else if (at !== "none") lane[at].splice(lane[at].indexOf(id), 1);
}

function compare(a: Rival, b: Rival): number {
  return a.lower - b.lower || a.generation - b.generation || a.upper - b.upper;
}
