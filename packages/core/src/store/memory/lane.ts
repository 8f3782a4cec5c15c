import type { EpochMs } from "../../clock/clock.js";
import { isLagging, queueOf } from "../../run/claim-order.js";
import { isAdmitted, isHeldBeside } from "../../run/place.js";
import { gatedSince } from "../placement.js";
import type { Group, RunRow } from "./rows.js";
import { comparePositions } from "./run-position.js";
import { lookAgain } from "./run-row.js";
import type { RunTable } from "./run-table.js";

/**
 * Applies the live lane's rule: while no run blocks, the oldest waiting runs get the free places and are
 * ready from now on; those that go through gates are gated, and take no place.
 */
export function admit(runs: RunTable, group: Group, at: EpochMs): void {
  const { waiting } = group;
  let lags: boolean | undefined;
  for (
    let oldest = waiting.peek();
    oldest !== undefined && mayEnter(group, oldest);
    oldest = waiting.peek()
  ) {
    if (oldest.gating !== "none") {
      holdAtGates(runs, oldest, at);
    } else {
      lags ??= isLagging(oldest.run, at, group.schedule.spec.delayMs);
      makeReady(runs, oldest, at, lags);
    }
  }
}

/** Makes a gated run ready whose gates are open, or has it wait for its lane if that has no place for it. */
export function openGates(runs: RunTable, row: RunRow, at: EpochMs): void {
  const { group, run } = row;
  if (run.kind === "SCHEDULED" && !mayEnter(group, row)) putBack(runs, row, at);
  else makeReady(runs, row, at, isLagging(run, at, group.schedule.spec.delayMs));
  admit(runs, group, at);
}

/** Has a run go through its gates. */
export function holdAtGates(runs: RunTable, row: RunRow, at: EpochMs): void {
  runs.update(row, (run) => {
    run.place = "gated";
    run.readyAt = null;
    run.wait = Object.freeze(gatedSince(at));
    lookAgain(row, at);
  });
}

/**
 * Changes how many runs the lane admits. Planned runs first give up their places; those that get one again
 * are as they were before. Runs of backfills wait while it admits none.
 */
export function resizeLane(runs: RunTable, group: Group, laneWidth: number, at: EpochMs): void {
  group.laneWidth = laneWidth;
  const planned = [...group.open].filter(({ run }) => run.state === "PLANNED" && run.kind === "SCHEDULED");
  planned.sort((a, b) => comparePositions(a.run, b.run));
  let places = placesForPlanned(group, planned);
  for (const row of planned) {
    const isHeld = row.run.place === "gated" || (row.run.place === "waiting" && row.gating !== "none");
    if (places === 0) putBack(runs, row, at);
    else if (!isHeld) places -= 1;
    else if (row.gating !== "overtakable") places = 0;
  }
  holdBackfills(runs, group, at);
  admit(runs, group, at);
}

function holdBackfills(runs: RunTable, group: Group, at: EpochMs): void {
  for (const row of [...group.open]) {
    const { kind, state, place } = row.run;
    if (kind !== "BACKFILL" || state !== "PLANNED") continue;
    if (isHeldBeside(kind, group.laneWidth)) putBack(runs, row, at);
    else if (place === "waiting" && row.gating === "none") makeReady(runs, row, at, false);
    else if (place === "waiting") holdAtGates(runs, row, at);
  }
}

/** Returns whether a place is free for a run, and no gated run keeps its turn before it. */
function mayEnter({ schedule, laneWidth, turns }: Group, { run }: RunRow): boolean {
  if (schedule.blockingRuns > 0 || schedule.admittedRuns >= laneWidth) return false;
  for (const before of turns) if (comparePositions(before.run, run) < 0) return false;
  return true;
}

function makeReady(runs: RunTable, row: RunRow, at: EpochMs, lags: boolean): void {
  const { kind } = row.run;
  const placesTaken = row.group.schedule.admittedRuns;
  const queue = queueOf({ kind, wasClaimed: row.token > 0, isLagging: lags, placesTaken });
  runs.update(row, (run) => {
    row.queue = queue;
    run.place = "ready";
    run.readyAt = at;
    run.wait = null;
  });
}

function putBack(runs: RunTable, row: RunRow, at: EpochMs): void {
  if (row.run.place === "waiting") return;
  runs.update(row, (run) => {
    run.place = "waiting";
    run.readyAt = null;
    run.wait = Object.freeze({ reason: "lane", since: at });
  });
}

/** Returns how many places of a lane the active runs leave to planned ones. */
function placesForPlanned({ schedule, laneWidth }: Group, planned: readonly RunRow[]): number {
  if (schedule.blockingRuns > 0) return 0;
  const active = schedule.admittedRuns - planned.filter(({ run }) => isAdmitted(run.place)).length;
  return Math.max(0, laneWidth - active);
}
