import type { EpochMs } from "../../clock/clock.js";
import { isEnded } from "../../run/lane.js";
import type { NewRun, RunReason, RunState } from "../../run/run.js";
import {
  AT_ONCE,
  type ClaimedRun,
  type HeldLease,
  type LeaseState,
  type RunChange,
} from "../schedule-store.js";
import type { BackfillRow } from "./backfill-table.js";
import type { Group } from "./group.js";
import { admit } from "./lane.js";
import { applyChange, type RunRow, snapshot } from "./run-row.js";
import type { RunTable } from "./run-table.js";

/** Inserts a run beside the live lane; earlier generations that ended without success give way to it. */
export function insertBeside(runs: RunTable, added: NewRun, group: Group, backfill?: BackfillRow): void {
  const { run } = runs.insert(added, group, AT_ONCE, backfill);
  supersedeEarlier(runs, group, run, (state) => isEnded(state) && state !== "SUCCEEDED");
  admit(runs, group);
}

/** Gives a run to a manager. */
export function claimRun(
  runs: RunTable,
  row: RunRow,
  { token, now, leaseUntil }: { token: number; now: EpochMs; leaseUntil: EpochMs },
): ClaimedRun {
  const isRecovered = row.run.state !== "PLANNED";
  row.token = token;
  runs.update(row, (run) => {
    run.wakeAt = leaseUntil;
    run.isJobOpen = true;
    if (isRecovered) return;
    run.state = "SUBMITTING";
    run.attempt += 1;
    run.submittedAt = now;
  });
  return { run: snapshot(row), token, isRecovered };
}

/** Changes a run; `false` where it is not as expected. */
export function changeRun(runs: RunTable, change: RunChange): boolean {
  const row = runs.get(change.id);
  if (row === undefined || !change.from.includes(row.run.state) || !mayWrite(row, change.token)) return false;
  runs.update(row, (run) => applyChange(run, change));
  if (change.givesBack === true) giveBack(runs, row);
  if (change.state === "SUCCEEDED") supersedeEarlier(runs, row.group, row.run, () => true);
  admit(runs, row.group);
  return true;
}

/** Cancels the runs of a group that are planned, of all kinds. */
export function cancelPlanned(runs: RunTable, group: Group, reason: RunReason, endedAt: EpochMs): void {
  for (const { run } of [...group.open]) {
    changeRun(runs, { id: run.id, from: ["PLANNED"], state: "CANCELLED", wakeAt: null, reason, endedAt });
  }
}

/** Sets the end of a lease that is still held. */
export function renewLease(runs: RunTable, { id, token }: HeldLease, leaseUntil: EpochMs): LeaseState {
  const row = runs.get(id);
  if (row === undefined || row.token !== token || !isActive(row.run.state)) {
    return { isHeld: false, isCancelRequested: false };
  }
  runs.update(row, (run) => {
    run.wakeAt = leaseUntil;
  });
  return { isHeld: true, isCancelRequested: row.run.isCancelRequested };
}

/** Marks an active run for cancellation; `false` where it is not active. */
export function requestCancel(runs: RunTable, id: string, reason: RunReason): boolean {
  const row = runs.get(id);
  if (row === undefined || !isActive(row.run.state)) return false;
  runs.update(row, (run) => {
    run.isCancelRequested = true;
    run.reason = reason;
  });
  return true;
}

/** Lets whoever comes next claim the runs that a process which is gone had active. */
export function releaseLeases(runs: RunTable): void {
  for (const row of runs.all()) {
    if (!isActive(row.run.state)) continue;
    runs.update(row, (run) => {
      run.wakeAt = AT_ONCE;
    });
  }
}

function isActive(state: RunState): boolean {
  return state === "SUBMITTING" || state === "RUNNING";
}

/** An active run is written by who holds its newest token; any other by anybody who brings none that is outdated. */
function mayWrite({ run, token }: RunRow, given: number | undefined): boolean {
  return given === undefined ? !isActive(run.state) : given === token;
}

function giveBack(runs: RunTable, row: RunRow): void {
  const { schedule } = row.group;
  if (row.run.kind !== "SCHEDULED" || schedule.watermark !== row.run.upper) return;
  schedule.watermark = row.run.lower;
  supersede(runs, row);
}

function supersedeEarlier(
  runs: RunTable,
  group: Group,
  by: Pick<NewRun, "lower" | "upper" | "generation">,
  isConcerned: (state: RunState) => boolean,
): void {
  if (by.generation === 0) return;
  for (const row of group.runs.ofInterval(by)) {
    if (row.run.generation < by.generation && isConcerned(row.run.state)) supersede(runs, row);
  }
}

/** A run that another one stands for blocks no more. */
function supersede(runs: RunTable, row: RunRow): void {
  runs.update(row, (run) => {
    run.isSuperseded = true;
    run.isBlocking = false;
  });
}
