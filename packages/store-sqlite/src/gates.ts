import type { EpochMs, ReadyMark, RunWait } from "@tidegate/core";
import {
  CLAIM_QUEUES,
  failureAtGates,
  type GatedQuery,
  type GatedRun,
  type GateSettlement,
  gatedSince,
  isLagging,
  queueOf,
} from "@tidegate/core/store";
import { partOf } from "./lanes.js";
import { changeRun } from "./run-changes.js";
import { asRun, inItsQueues, queueNo, type RunRow } from "./run-rows.js";
import type { Statements } from "./statements.js";
import type { Tables } from "./tables.js";

const DUE = `SELECT * FROM run INDEXED BY run_look WHERE place = 'gated' AND look_at <= ? AND (look_at, id) > (?, ?)
  ORDER BY look_at, id LIMIT ?`;

const FIRST_LOOK =
  "SELECT look_at AS at FROM run INDEXED BY run_look WHERE place = 'gated' ORDER BY look_at LIMIT 1";

const ASKED = "SELECT * FROM run WHERE id = ? AND place = 'gated' AND look = ?";

const CLOSE = "UPDATE run SET wait = ?, look_at = ?, look = look + 1 WHERE no = ?";

const MOVE = `UPDATE run SET place = ?, queue = ${inItsQueues("?")}, ready_at = ?, wait = ? WHERE no = ?`;

const GATE = `UPDATE run SET place = 'gated', ready_at = NULL, wait = ?, look_at = ?, look = look + 1 WHERE no = ?`;

/** Returns gated runs that are due: see `GateQueue.listGated`. */
export function listGated({ statements, groups }: Tables, { now, limit, after }: GatedQuery): GatedRun[] {
  const { lookAt = Number.MIN_SAFE_INTEGER, id = "" } = after ?? {};
  return statements.all<RunRow>(DUE, now, lookAt, id, limit).map((row) => ({
    run: asRun(row, groups.idOf(row.group_no)),
    lookAt: row.look_at!,
    look: row.look,
  }));
}

/** Returns when the next gated run is due. */
export function nextLook(statements: Statements): EpochMs | undefined {
  return statements.get<{ at: number }>(FIRST_LOOK)?.at;
}

/** Settles the gates of a run: see `GateQueue.settleGates`. */
export function settleGates(tables: Tables, settlement: GateSettlement): boolean {
  const { statements, sleepers } = tables;
  const row = statements.get<RunRow>(ASKED, settlement.id, settlement.look);
  if (row === undefined) return false;
  if (settlement.isOpen) {
    const { inputs = [] } = settlement;
    if (!tables.inputs.areCurrent(inputs)) return false;
    tables.inputs.set(row, inputs);
    openGates(tables, row, settlement.at);
  } else if (settlement.failure !== undefined) {
    return changeRun(tables, failureAtGates(settlement, settlement.failure));
  } else {
    statements.run(CLOSE, JSON.stringify(settlement.wait), settlement.lookAt, row.no);
    sleepers.add(row.id, settlement.wait);
  }
  return true;
}

const MARK = "UPDATE run SET marked_ready = ?, look_at = 0, look = look + 1 WHERE id = ? AND place = 'gated'";

/** Marks a gated run: see `GateQueue.markReady`. */
export function markReady({ statements }: Tables, id: string, mark: ReadyMark): boolean {
  return statements.run(MARK, JSON.stringify(mark), id) === 1;
}

/** Makes a run ready whose gates are open, or has it wait for its lane if that has no place for it. */
function openGates({ statements, lanes }: Tables, row: RunRow, at: EpochMs): void {
  const mayEnter = row.kind !== "SCHEDULED" || lanes.mayEnter(row.group_no, row);
  const place = mayEnter ? "ready" : "waiting";
  const delayMs = lanes.delayOf(row.group_no);
  const queue = queueOf({
    kind: row.kind,
    wasClaimed: row.token > 0,
    isLagging: isLagging({ ...row, scheduledTime: row.scheduled_time }, at, delayMs),
    placesTaken: lanes.of(row.group_no).admitted.length,
  });
  const wait: RunWait | null = mayEnter ? null : { reason: "lane", since: at };
  const waits = wait === null ? null : JSON.stringify(wait);
  statements.run(
    MOVE,
    place,
    mayEnter ? queueNo(queue) : row.queue % CLAIM_QUEUES.length,
    mayEnter ? at : null,
    waits,
    row.no,
  );
  lanes.move(row.group_no, row.id, partOf(row), partOf({ ...row, place }), at);
}

/**
 * Has the planned runs of a group go through the gates of the version that they have adopted, except those
 * between two attempts.
 */
export function regate({ statements, lanes }: Tables, groupNo: number, at: EpochMs): void {
  for (const id of lanes.planned(groupNo)) {
    const row = statements.get<RunRow>("SELECT * FROM run WHERE id = ?", id)!;
    if (row.place === "gated") {
      statements.run("UPDATE run SET look_at = ?, look = look + 1 WHERE no = ?", at, row.no);
    } else if (row.place === "ready" && row.wait === null && row.gating > 0) {
      statements.run(GATE, JSON.stringify(gatedSince(at)), at, row.no);
      lanes.move(groupNo, id, partOf(row), partOf({ ...row, place: "gated" }), at);
    }
  }
}
