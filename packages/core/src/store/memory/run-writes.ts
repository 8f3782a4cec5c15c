import type { EpochMs } from "../../clock/clock.js";
import type { Interval } from "../../interval/boundaries.js";
import { overlapsOf } from "../../interval/interval-set.js";
import { poolingOf } from "../../pool/pooling.js";
import { goesBefore, isBehind, rivalsInLane } from "../../run/copies.js";
import { isUncovered } from "../../run/covering.js";
import { isEnded } from "../../run/lane.js";
import type { NewRun, ReadyMark, Run, RunReason, RunState } from "../../run/run.js";
import { isStanding, mayBeRevived, mayRunBeside } from "../../run/standing.js";
import { gatingOf } from "../../schedule/gates-of.js";
import { failureAtGates, type GateSettlement } from "../gate-queue.js";
import type { OpenRuns, ReportCommit } from "../run-ledger.js";
import type { CancelMark, ClaimedRun, HeldLease, LeaseState, RunChange } from "../run-queue.js";
import type { ScheduleChange } from "../schedule-table.js";
import type { ShardWriter } from "../shard-table.js";
import type { BackfillRow } from "./backfill-table.js";
import { frozenCopy } from "./frozen-copy.js";
import { admit, holdAtGates, openGates } from "./lane.js";
import type { Group, RunRow } from "./rows.js";
import { applyChange, lookAgain, snapshot } from "./run-row.js";
import type { RunTable } from "./run-table.js";
import type { Staleness } from "./staleness.js";

/** Returns whether all of these runs of a group may be inserted beside the live lane. */
export function mayInsertBeside(runs: RunTable, added: readonly NewRun[], group: Group): boolean {
  return (
    runs.areNew(added, group) &&
    overlapsOf(added).length === 0 &&
    added.every(
      (run) => mayRunBeside(run, standingFor(group, run)) && !isBehind(run, runs.newestSnapshot(group)),
    )
  );
}

/** Returns whether a group has an open run of a set. */
export function hasOpen(group: Group, which: OpenRuns | undefined): boolean {
  if (which === undefined) return false;
  for (const { run } of group.open) {
    if (which === "any") return true;
    if (which === "beside" ? run.kind !== "SCHEDULED" : run.snapshot !== null) return true;
  }
  return false;
}

/** Inserts a run beside the live lane; it supersedes earlier generations that ended without success. */
export function insertBeside(runs: RunTable, added: NewRun, group: Group, backfill?: BackfillRow): void {
  const { run } = runs.insert(added, group, backfill);
  supersedeEarlier(runs, group, run, (state) => isEnded(state) && state !== "SUCCEEDED");
  admit(runs, group, added.plannedAt);
}

/** Returns whether exactly the runs stand in a report's interval that its caller has read. */
export function standAsRead({ runs }: Group, { lower, upper, standing, supersedes }: ReportCommit): boolean {
  const now = [...runs.rows({ within: { lower, upper } })].filter(({ run }) => !run.isSuperseded);
  const ids = new Set(now.map(({ run }) => run.id));
  return (
    ids.size === standing.length &&
    standing.every((id) => ids.has(id)) &&
    supersedes.every((id) => ids.has(id))
  );
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
    run.place = "active";
    run.readyAt = null;
    run.leaseUntil = leaseUntil;
    run.wait = null;
    run.isJobOpen = true;
    if (isRecovered) return;
    run.state = "SUBMITTING";
    run.attempt += 1;
    run.submittedAt = now;
  });
  return { run: snapshot(row), token, isRecovered };
}

/** Changes a run; `false` if it is not as expected. */
export function changeRun(runs: RunTable, change: RunChange): boolean {
  const row = runs.get(change.id);
  if (row === undefined || !change.from.includes(row.run.state) || !mayWrite(row, change)) return false;
  if (isRevival(row.run, change) && !isRevivable(runs, row, change.scheduleVersion)) return false;
  runs.update(row, (run) => {
    if (change.scheduleVersion !== undefined) setVersion(row, change.scheduleVersion);
    applyChange(row, change);
    if (run.place === "ready" && row.token > 0) row.queue = "retry";
  });
  if (isEnded(change.state)) runs.wake(row.run.groupId);
  if (change.state === "SUCCEEDED") supersedeEarlier(runs, row.group, row.run, () => true);
  admit(runs, row.group, change.at);
  return true;
}

/** Cancels a group's planned runs of all kinds. */
export function cancelPlanned(runs: RunTable, group: Group, reason: RunReason, endedAt: EpochMs): void {
  for (const { run } of [...group.open]) {
    changeRun(runs, { id: run.id, from: ["PLANNED"], state: "CANCELLED", at: endedAt, reason, endedAt });
  }
}

/** Plans a group's runs again that were cancelled for a reason, as far as they may be revived. */
export function reviveCancelled(
  runs: RunTable,
  group: Group,
  {
    reason,
    from,
    isClosed,
  }: NonNullable<ScheduleChange["revivesCancelled"]> & { readonly isClosed: (run: Run) => boolean },
  at: EpochMs,
): void {
  const scheduleVersion = group.schedule.version;
  for (const { run } of [...group.runs.rows()]) {
    if (run.state !== "CANCELLED" || run.reason !== reason) continue;
    if (run.kind === "SCHEDULED" && run.lower < from) continue;
    if (isClosed(run)) continue;
    changeRun(runs, {
      id: run.id,
      from: ["CANCELLED"],
      state: "PLANNED",
      at,
      reason: null,
      attempt: 0,
      endedAt: null,
      scheduleVersion,
    });
  }
}

/**
 * Gives a group's planned runs the current version of its schedule. The gates of that version are asked about
 * all that are not between two attempts.
 */
export function adoptPlanned(runs: RunTable, group: Group, at: EpochMs): void {
  for (const row of [...group.open]) {
    const { run } = row;
    if (run.state !== "PLANNED") continue;
    runs.update(row, () => setVersion(row, group.schedule.version));
    const isFresh = run.place === "ready" && run.wait === null && row.gating !== "none";
    if (isFresh) holdAtGates(runs, row, at);
    else if (run.place === "gated") runs.update(row, () => lookAgain(row, at));
  }
  admit(runs, group, at);
}

/** Settles the gates of a run; `false` if it is not as expected. */
export function settleGates(runs: RunTable, staleness: Staleness, settlement: GateSettlement): boolean {
  const row = runs.get(settlement.id);
  if (row?.run.place !== "gated" || row.look !== settlement.look) return false;
  if (settlement.isOpen) {
    const { inputs = [] } = settlement;
    if (!staleness.areCurrent(inputs)) return false;
    if (inputs.length > 0 || row.run.inputs.length > 0) runs.setInputs(row, inputs);
    openGates(runs, row, settlement.at);
  } else if (settlement.failure !== undefined) {
    return changeRun(runs, failureAtGates(settlement, settlement.failure));
  } else {
    runs.update(row, (run) => {
      run.wait = frozenCopy(settlement.wait);
      lookAgain(row, settlement.lookAt);
    });
  }
  return true;
}

/** Marks a gated run and makes it due; `false` if it is not gated. */
export function markReady(runs: RunTable, id: string, mark: ReadyMark): boolean {
  const row = runs.get(id);
  if (row?.run.place !== "gated") return false;
  runs.update(row, (run) => {
    run.markedReady = frozenCopy(mark);
    lookAgain(row, 0);
  });
  return true;
}

/** A run's operator and its gating are those of its version. */
function setVersion(row: RunRow, version: number): void {
  const { run, group } = row;
  run.scheduleVersion = version;
  const spec = group.versions[version - 1]?.spec;
  if (spec === undefined) return;
  run.operator = spec.operator.toLowerCase();
  row.pooling = poolingOf(spec);
  const gating = gatingOf(spec);
  // A gated run keeps or leaves its turn as before until the gatekeeper finds that it has no gates any more.
  if (run.place !== "gated" || gating !== "none") row.gating = gating;
}

/** Sets the end of a lease that is still held. */
export function renewLease(runs: RunTable, { id, token }: HeldLease, leaseUntil: EpochMs): LeaseState {
  const row = runs.get(id);
  if (row === undefined || row.token !== token || !isActive(row.run.state)) {
    return { isHeld: false, isCancelRequested: false };
  }
  runs.update(row, (run) => {
    run.leaseUntil = leaseUntil;
  });
  return { isHeld: true, isCancelRequested: row.run.isCancelRequested };
}

/** Marks an active run for cancellation; `false` if it is not active. */
export function requestCancel(runs: RunTable, id: string, reason: RunReason): boolean {
  const row = runs.get(id);
  if (row === undefined || !isActive(row.run.state)) return false;
  runs.update(row, (run) => {
    run.isCancelRequested = true;
    run.reason = reason;
  });
  return true;
}

/** Marks active runs of earlier readings of a group's source for cancellation. */
export function endReadings(runs: RunTable, group: Group, epoch: number): void {
  for (const { run } of [...group.open])
    if (run.offsets !== null && run.offsets.epoch < epoch) requestCancel(runs, run.id, "source-rebased");
}

/** Returns the runs among these that are active and marked for cancellation. */
export function cancelMarks(runs: RunTable, ids: readonly string[]): CancelMark[] {
  return ids.flatMap((id) => {
    const run = runs.get(id)?.run;
    if (run === undefined || !isActive(run.state) || !run.isCancelRequested) return [];
    return run.reason === null ? [] : [{ id, reason: run.reason }];
  });
}

/** The end of an expired lease, whatever the clock says. */
const LAPSED: EpochMs = 0;

/** Releases the runs that a previous process had active, so that they may be claimed again. */
export function releaseLeases(runs: RunTable): void {
  for (const row of runs.all()) {
    if (!isActive(row.run.state)) continue;
    runs.update(row, (run) => {
      run.leaseUntil = LAPSED;
    });
  }
}

function isActive(state: RunState): boolean {
  return state === "SUBMITTING" || state === "RUNNING";
}

/**
 * Returns whether a write is allowed: an active run requires its newest token; any other accepts no token or
 * the current one, and must not have been claimed since it was read.
 */
function mayWrite({ run, token }: RunRow, change: RunChange): boolean {
  const { token: given, unlessClaimedSince = token } = change;
  return unlessClaimedSince === token && (given === undefined ? !isActive(run.state) : given === token);
}

/** Returns whether a writer may write the shards of its run: its holder, or anybody if nobody holds it. */
export function mayWriteShards(runs: RunTable, { runId, token }: ShardWriter): boolean {
  const row = runs.get(runId);
  if (row === undefined) return false;
  return isActive(row.run.state) ? row.token === token : token === undefined;
}

function isRevival({ state }: Pick<Run, "state">, change: RunChange): boolean {
  return isEnded(state) && !isEnded(change.state);
}

function isRevivable(runs: RunTable, { run, group, gating }: RunRow, version: number | undefined): boolean {
  if (!mayBeRevived(run, standingFor(group, run))) return false;
  const snapshot = runs.newestSnapshot(group, run.id);
  if (snapshot !== undefined && isBehind(run, snapshot)) {
    const spec = version === undefined ? undefined : group.versions[version - 1]?.spec;
    const isOvertaken = (spec === undefined ? gating : gatingOf(spec)) === "overtakable";
    if (group.laneWidth > 1 || isOvertaken || !goesBefore(run, snapshot)) return false;
  }
  if (run.snapshot === null) return true;
  return !hasOpen(group, rivalsInLane(group.laneWidth)) && !runs.isFollowed(run, group);
}

/** Returns the other runs that stand for any of a run's interval, or that nothing covers yet. */
function standingFor(group: Group, of: Interval & { readonly id: string }): Run[] {
  const standing: Run[] = [];
  for (const { run } of group.runs.rows({ within: of })) {
    const stands = isStanding(run.state) || isUncovered(run);
    const isEmpty = run.lower === run.upper;
    if (!run.isSuperseded && stands && !isEmpty && run.id !== of.id) standing.push(run);
  }
  return standing;
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

/** Marks a run as superseded, so that it blocks no longer. */
export function supersede(runs: RunTable, row: RunRow): void {
  runs.update(row, (run) => {
    run.isSuperseded = true;
    run.isBlocking = false;
    if (run.place === "blocking") run.place = "none";
  });
}
