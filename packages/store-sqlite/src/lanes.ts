import type { EpochMs } from "@tidegate/core";
import { gatedSince, isAdmitted, isHeldBeside, isLagging, queueOf } from "@tidegate/core/store";
import type { LaneCounts } from "@tidegate/store-kit";
import type { GroupStates } from "./group-states.js";
import { gatingNo, inItsQueues, queueNo, type RunRow } from "./run-rows.js";
import type { Statements } from "./statements.js";

/**
 * The relation of a run to its group: part of its live lane, or open `beside` it (a re-run or a backfill's
 * run).
 */
export type LanePart = "waiting" | "gated" | "admitted" | "blocking" | "beside" | "none";

/** A group's open runs, and those that block its lane. */
export interface Lane {
  /** Ids of runs that have a place. */
  readonly admitted: readonly string[];
  /** Ids of runs that need no place. */
  readonly beside: readonly string[];
  /** How many runs wait for a place. There may be many, so they are read from the table. */
  readonly waiting: number;
  /** How many runs gates hold. */
  readonly gated: number;
  readonly blocking: number;
}

interface MutableLane {
  /** Not changed in its place while it is empty; the same holds for `beside`. */
  admitted: string[];
  beside: string[];
  waiting: number;
  gated: number;
  blocking: number;
  /** The first of the runs that wait, in their order, as far as they are known without being read. */
  next: Rival[];
}

/** The fields of a run that an admission needs. */
export type Rival = Pick<
  RunRow,
  | "id"
  | "lower"
  | "generation"
  | "upper"
  | "kind"
  | "place"
  | "intervals"
  | "scheduled_time"
  | "token"
  | "gating"
>;

/** Where a run stands in its lane. */
type Position = Pick<RunRow, "lower" | "generation" | "upper">;

/** How many of a lane's waiting runs are known at most. */
const MOST_KNOWN = 8;

/** Of lanes that are all but empty: most have one run at a time, and are made anew with each. */
const NONE: never[] = [];

const EMPTY: Lane = { admitted: NONE, beside: NONE, waiting: 0, gated: 0, blocking: 0 };

const OVERTAKABLE = gatingNo("overtakable");

// Each of these uses an index without ended runs: a ledger is long.
const OPEN = `SELECT group_no, id, kind, place FROM run INDEXED BY run_ready WHERE place = 'ready'
  UNION ALL SELECT group_no, id, kind, place FROM run INDEXED BY run_gated WHERE place = 'gated'
  UNION ALL SELECT group_no, id, kind, place FROM run INDEXED BY run_held WHERE lease_until IS NOT NULL
  UNION ALL SELECT group_no, id, kind, place FROM run INDEXED BY run_waiting WHERE place = 'waiting' AND kind <> 'SCHEDULED'`;
const WAITING = `SELECT group_no, count(*) AS runs FROM run INDEXED BY run_waiting
  WHERE place = 'waiting' AND kind = 'SCHEDULED' GROUP BY group_no`;
const BLOCKING = `SELECT group_no, count(*) AS runs FROM run INDEXED BY run_blocking
  WHERE is_blocking AND kind = 'SCHEDULED' GROUP BY group_no`;
const RIVAL = "id, lower, generation, upper, kind, place, intervals, scheduled_time, token, gating";
const OLDEST_WAITING = `SELECT ${RIVAL} FROM run INDEXED BY run_waiting
  WHERE group_no = ? AND place = 'waiting' AND kind = 'SCHEDULED' ORDER BY lower, generation, upper LIMIT ?`;
const WAITING_BEFORE = `SELECT ${RIVAL} FROM run INDEXED BY run_waiting
  WHERE group_no = ? AND place = 'waiting' AND kind = 'SCHEDULED' AND (lower, generation, upper) < (?, ?, ?)`;
const GATED = `SELECT ${RIVAL} FROM run INDEXED BY run_gated WHERE group_no = ? AND place = 'gated' AND kind = 'SCHEDULED'`;
const OLDEST_TURN = `${GATED} AND gating <> ${OVERTAKABLE} ORDER BY lower, generation, upper LIMIT 1`;
const IF_PLANNED = `SELECT ${RIVAL} FROM run WHERE id = ? AND state = 'PLANNED'`;
const ADMIT = `UPDATE run SET place = 'ready', queue = ${inItsQueues("?")}, ready_at = ?, wait = NULL WHERE id = ?`;
const GATE = `UPDATE run SET place = 'gated', wait = ?, look_at = ?, look = look + 1 WHERE id = ?`;
const PUT_BACK = "UPDATE run SET place = 'waiting', ready_at = NULL, wait = ? WHERE id = ?";

/**
 * The live lanes. They follow from the runs, so they are not stored: they are read when the store is opened
 * and kept in memory while it has exclusive use of the file. A group without open runs takes no memory.
 */
export class Lanes {
  readonly #statements: Statements;
  readonly #states: GroupStates;
  readonly #lanes = new Map<number, MutableLane>();

  constructor(statements: Statements, states: GroupStates) {
    this.#statements = statements;
    this.#states = states;
    this.reread();
  }

  /** Reads all lanes again: when the store is opened, and after a rollback. */
  reread(): void {
    this.#lanes.clear();
    for (const row of this.#statements.all<Pick<RunRow, "group_no" | "id" | "kind" | "place">>(OPEN)) {
      place(this.#mutable(row.group_no), row.id, partOf(row), 1);
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
    const { admitted, gated, waiting, blocking } = this.of(groupNo);
    return { admittedRuns: admitted.length, gatedRuns: gated, waitingRuns: waiting, blockingRuns: blocking };
  }

  /** Returns how many new runs get a place at once: none while others wait or one blocks. */
  freePlaces(groupNo: number, laneWidth: number): number {
    const { admitted, waiting, blocking } = this.of(groupNo);
    return waiting > 0 || blocking > 0 ? 0 : Math.max(0, laneWidth - admitted.length);
  }

  /** Returns how many runs the lane admits. */
  widthOf(groupNo: number): number {
    return this.#states.of(groupNo)?.lane_width ?? 0;
  }

  /** Returns the schedule's delay, ms. */
  delayOf(groupNo: number): number {
    return this.#states.of(groupNo)?.delay_ms ?? 0;
  }

  /** Returns whether a gated run of the lane keeps its turn; if a run is given, before it. */
  keepsTurn(groupNo: number, run?: Position): boolean {
    const oldest = this.#oldestTurn(groupNo);
    return oldest !== undefined && (run === undefined || compare(oldest, run) < 0);
  }

  /** Returns whether a place is free for a run, and no gated run keeps its turn before it. */
  mayEnter(groupNo: number, run: Position): boolean {
    const { admitted, blocking } = this.of(groupNo);
    if (blocking > 0 || admitted.length >= this.widthOf(groupNo)) return false;
    return !this.keepsTurn(groupNo, run);
  }

  /** Returns a group's planned runs of all kinds, which the caller may change. */
  planned(groupNo: number): string[] {
    this.forgetNext(groupNo);
    const { admitted, beside, waiting } = this.of(groupNo);
    const placed = [
      ...[...admitted, ...beside].flatMap((id) => this.#ifPlanned(id)),
      ...this.#gated(groupNo),
    ];
    return [...placed, ...this.#readWaiting(groupNo, waiting)].map(({ id }) => id);
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
    this.#forgetEmpty(groupNo, lane);
  }

  /** Records that a new run waits for a place, and admits waiting runs if there is room. */
  wait(groupNo: number, run: Rival, at: EpochMs): void {
    const lane = this.#mutable(groupNo);
    const { next } = lane;
    const isKnown = next.length === lane.waiting && next.length < MOST_KNOWN;
    const isLast = next.length === 0 || compare(next.at(-1)!, run) < 0;
    place(lane, run.id, "waiting", 1);
    if (isKnown && isLast) lane.next = [...next, run];
    this.#admit(groupNo, at);
  }

  /** Forgets which runs wait, since they may be changed. */
  forgetNext(groupNo: number): void {
    const lane = this.#lanes.get(groupNo);
    if (lane !== undefined) lane.next = [];
  }

  /**
   * Changes how many runs the lane admits. Planned runs first give up their places; those that get one again
   * are as they were before.
   */
  resize(groupNo: number, laneWidth: number, at: EpochMs): void {
    this.#statements.run("UPDATE schedule_state SET lane_width = ? WHERE no = ?", laneWidth, groupNo);
    this.#states.forget(groupNo);
    const { admitted, blocking } = this.of(groupNo);
    const ready = admitted.flatMap((id) => this.#ifPlanned(id));
    const placed = [...ready, ...this.#gated(groupNo)].sort(compare);
    const newest = placed.at(-1);
    const before = newest === undefined ? [] : this.#waitingBefore(groupNo, newest);
    let places = blocking > 0 ? 0 : Math.max(0, laneWidth - (admitted.length - ready.length));
    const lane = this.#mutable(groupNo);
    for (const run of [...placed, ...before].sort(compare)) {
      const isHeld = run.place === "gated" || (run.place === "waiting" && run.gating > 0);
      if (places === 0) this.#putBack(lane, run, at);
      else if (!isHeld) places -= 1;
      else if (run.gating !== OVERTAKABLE) places = 0;
    }
    this.#holdBackfills(lane, laneWidth, at);
    if (lane.waiting > 0) this.#admit(groupNo, at);
    this.#forgetEmpty(groupNo, lane);
  }

  /** Returns whether a planned run beside the lane waits: see `isHeldBeside`. */
  holds(groupNo: number, kind: RunRow["kind"]): boolean {
    return kind === "BACKFILL" && isHeldBeside(kind, this.widthOf(groupNo));
  }

  /** Sets the schedule's delay, ms. */
  setDelay(groupNo: number, delayMs: number): void {
    this.#statements.run("UPDATE schedule_state SET delay_ms = ? WHERE no = ?", delayMs, groupNo);
    this.#states.forget(groupNo);
  }

  /** Forgets a group that was removed with its runs. */
  forget(groupNo: number): void {
    this.#lanes.delete(groupNo);
  }

  /**
   * Applies the live lane's rule: while nothing blocks, the oldest waiting runs get the free places; those that
   * go through gates are gated, and take none.
   */
  #admit(groupNo: number, at: EpochMs): void {
    const lane = this.#mutable(groupNo);
    const laneWidth = this.widthOf(groupNo);
    const turn = this.#oldestTurn(groupNo);
    let lags: boolean | undefined;
    let batch = 0;
    while (lane.blocking === 0 && lane.waiting > 0 && lane.admitted.length < laneWidth) {
      batch = Math.max(laneWidth - lane.admitted.length, 2 * batch);
      const oldest = this.#oldestWaiting(groupNo, lane, Math.min(lane.waiting, batch));
      if (oldest.length === 0) return;
      for (const run of oldest) {
        if (lane.admitted.length >= laneWidth || (turn !== undefined && compare(turn, run) < 0)) return;
        if (run.gating > 0) {
          this.#gate(lane, run, at);
          if (run.gating !== OVERTAKABLE) return;
        } else {
          lags ??= isLagging({ ...run, scheduledTime: run.scheduled_time }, at, this.delayOf(groupNo));
          this.#makeReady(lane, run, at, lags);
        }
      }
    }
  }

  #holdBackfills(lane: MutableLane, laneWidth: number, at: EpochMs): void {
    for (const run of lane.beside.flatMap((id) => this.#ifPlanned(id))) {
      if (run.kind !== "BACKFILL") continue;
      if (isHeldBeside(run.kind, laneWidth)) this.#putBack(lane, run, at);
      else if (run.place === "waiting" && run.gating > 0) this.#gate(lane, run, at);
      else if (run.place === "waiting") this.#makeReady(lane, run, at, false);
    }
  }

  #gate(lane: MutableLane, run: Rival, at: EpochMs): void {
    this.#statements.run(GATE, JSON.stringify(gatedSince(at)), at, run.id);
    moveTo(lane, run, "gated");
  }

  #makeReady(lane: MutableLane, run: Rival, at: EpochMs, lags: boolean): void {
    const { id, kind, token } = run;
    const queue = queueOf({
      kind,
      wasClaimed: token > 0,
      isLagging: lags,
      placesTaken: lane.admitted.length,
    });
    this.#statements.run(ADMIT, queueNo(queue), at, id);
    moveTo(lane, run, "ready");
  }

  #putBack(lane: MutableLane, run: Rival, at: EpochMs): void {
    if (run.place === "waiting") return;
    this.#statements.run(PUT_BACK, JSON.stringify({ reason: "lane", since: at }), run.id);
    moveTo(lane, run, "waiting");
  }

  /** Returns the oldest gated run of the lane that keeps its turn. */
  #oldestTurn(groupNo: number): Rival | undefined {
    return this.of(groupNo).gated === 0 ? undefined : this.#statements.get<Rival>(OLDEST_TURN, groupNo);
  }

  #gated(groupNo: number): Rival[] {
    return this.of(groupNo).gated === 0 ? [] : this.#statements.all<Rival>(GATED, groupNo);
  }

  #waitingBefore(groupNo: number, { lower, generation, upper }: Rival): Rival[] {
    if (this.of(groupNo).waiting === 0) return [];
    return this.#statements.all<Rival>(WAITING_BEFORE, groupNo, lower, generation, upper);
  }

  #oldestWaiting(groupNo: number, lane: MutableLane, limit: number): readonly Rival[] {
    if (lane.next.length >= limit) return lane.next.slice(0, limit);
    const read = this.#readWaiting(groupNo, Math.max(limit, MOST_KNOWN));
    lane.next = read.slice(0, MOST_KNOWN);
    return read.slice(0, limit);
  }

  #readWaiting(groupNo: number, limit: number): Rival[] {
    return limit === 0 ? [] : this.#statements.all<Rival>(OLDEST_WAITING, groupNo, limit);
  }

  #ifPlanned(id: string): Rival[] {
    return this.#statements.all<Rival>(IF_PLANNED, id);
  }

  #mutable(groupNo: number): MutableLane {
    const known = this.#lanes.get(groupNo);
    if (known !== undefined) return known;
    const lane: MutableLane = { admitted: NONE, beside: NONE, waiting: 0, gated: 0, blocking: 0, next: NONE };
    this.#lanes.set(groupNo, lane);
    return lane;
  }

  #forgetEmpty(groupNo: number, { admitted, beside, waiting, gated, blocking }: MutableLane): void {
    if (admitted.length + beside.length + waiting + gated + blocking === 0) this.#lanes.delete(groupNo);
  }
}

/** Returns the relation of a run to its group. */
export function partOf({ kind, place: at }: Pick<RunRow, "kind" | "place">): LanePart {
  if (kind !== "SCHEDULED") return at === "none" || at === "blocking" ? "none" : "beside";
  return isAdmitted(at) ? "admitted" : (at as "waiting" | "gated" | "blocking" | "none");
}

/** Moves a run to the part that another place belongs to. */
function moveTo(lane: MutableLane, run: Rival, to: RunRow["place"]): void {
  const [before, after] = [partOf(run), partOf({ ...run, place: to })];
  if (before === after) return;
  place(lane, run.id, before, -1);
  place(lane, run.id, after, 1);
}

/** Adds a run to a part, or removes it. */
function place(lane: MutableLane, id: string, at: LanePart, step: 1 | -1): void {
  // Where a run waits that comes back is not known.
  if (at === "waiting") lane.next = step === 1 ? [] : lane.next.filter((run) => run.id !== id);
  if (at === "waiting" || at === "gated" || at === "blocking") lane[at] += step;
  else if (at !== "none" && step === 1 && lane[at].length === 0) lane[at] = [id];
  else if (at !== "none" && step === 1) lane[at].push(id);
  else if (at !== "none") lane[at].splice(lane[at].indexOf(id), 1);
}

function compare(a: Position, b: Position): number {
  return a.lower - b.lower || a.generation - b.generation || a.upper - b.upper;
}
