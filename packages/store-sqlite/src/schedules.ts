import {
  type RunReason,
  SCHEDULE_STATUSES,
  type Schedule,
  type ScheduleSpec,
  type ScheduleVersion,
} from "@tidegate/core";
import {
  gatingOf,
  isWatched,
  type NewSchedule,
  poolingOf,
  type ScheduleChange,
  upstreamsOf,
  writeSpec,
} from "@tidegate/core/store";
import type { ScheduleColumns } from "@tidegate/store-kit";
import { purgeDeadlines, watchSchedule } from "./deadlines.js";
import { regate } from "./gates.js";
import { purgeLate, watchLookback } from "./late.js";
import { withOtherVersion } from "./late-runs.js";
import { changeRun, OF_ITS_VERSION } from "./run-changes.js";
import { gatingNo, POOLING_OF_ITS_VERSION, type RunRow } from "./run-rows.js";
import { isSealAsRead } from "./seals.js";
import { purgeShards } from "./shards.js";
import { hasOpen } from "./standing.js";
import type { Statements } from "./statements.js";
import type { Tables } from "./tables.js";

/** A schedule as read from all three tables. */
export interface ScheduleRow extends ScheduleColumns {
  readonly no: number;
}

/** The columns from which a schedule is read. */
export const SCHEDULE_COLUMNS = `s.no, s.group_id, s.version, s.status, s.status_reason, s.engine, s.incarnation, s.origin, s.created_at, s.updated_at,
  t.watermark, t.next_fire_at, t.offsets, v.spec`;

export const SCHEDULE_TABLES = `schedule s JOIN schedule_state t ON t.no = s.no
  JOIN schedule_version v ON v.schedule_no = s.no AND v.version = s.version`;

/** Inserts version 1 of a schedule. `false` if the group has one. */
export function insertSchedule(tables: Tables, added: NewSchedule): boolean {
  const { statements, groups } = tables;
  const { spec, status, incarnation, origin, watermark, nextFireAt, laneWidth, tzdata, createdAt } = added;
  const row = statements.get<{ no: number }>(
    `INSERT INTO schedule (group_id, version, status, engine, incarnation, origin, created_at, updated_at)
      VALUES (?, 1, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING no`,
    spec.groupId,
    status,
    spec.engine,
    incarnation,
    origin,
    createdAt,
    createdAt,
  );
  if (row === undefined) return false;
  statements.run(
    `INSERT INTO schedule_state (no, incarnation, version, is_planning, watermark, next_fire_at, delay_ms, lane_width,
      longest_run_ms) VALUES (?, ?, 1, ?, ?, ?, ?, ?, 0)`,
    row.no,
    incarnation,
    Number(SCHEDULE_STATUSES[status].plans),
    watermark,
    nextFireAt,
    spec.delayMs,
    laneWidth,
  );
  setOffsets(statements, row.no, added.offsets ?? undefined);
  insertVersion(tables, row.no, { version: 1, spec, tzdata, since: watermark, createdAt });
  insertDependencies(statements, row.no, spec);
  groups.remember(spec.groupId, row.no);
  if (isWatched(spec))
    watchSchedule({ statements }, row.no, { spec, incarnation, isNew: true, at: createdAt });
  if (spec.lookback != null)
    watchLookback(tables, row.no, { groupId: spec.groupId, lookback: spec.lookback, watermark });
  return true;
}

/** Writes how far the source of a group is planned, if that is said. */
function setOffsets(statements: Statements, no: number, offsets: Schedule["offsets"] | undefined): void {
  if (offsets === undefined) return;
  statements.run("UPDATE schedule_state SET offsets = ? WHERE no = ?", JSON.stringify(offsets), no);
}

function insertVersion(
  { statements, pools }: Tables,
  no: number,
  version: Omit<ScheduleVersion, "unreadable">,
): void {
  statements.run(
    "INSERT INTO schedule_version (schedule_no, version, spec, gating, tzdata, since, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
    no,
    version.version,
    writeSpec(version.spec),
    gatingNo(gatingOf(version.spec)),
    version.tzdata,
    version.since,
    version.createdAt,
  );
  const pooling = poolingOf(version.spec);
  if (pooling !== undefined) pools.insertPooling(no, version.version, pooling);
}

function insertDependencies(statements: Statements, no: number, spec: ScheduleSpec): void {
  for (const upstream of upstreamsOf(spec))
    statements.run("INSERT INTO dependency (upstream, schedule_no) VALUES (?, ?)", upstream, no);
}

/** Returns the ids of the groups that depend on one, in order. */
export function dependentsOf(statements: Statements, groupId: string): string[] {
  const text = `SELECT s.group_id FROM dependency d JOIN schedule s ON s.no = d.schedule_no WHERE d.upstream = ?
    ORDER BY s.group_id`;
  return statements.all<{ group_id: string }>(text, groupId).map((row) => row.group_id);
}

/** Changes a schedule if it is as expected. */
export function changeSchedule(tables: Tables, change: ScheduleChange): boolean {
  const { statements, states, lanes } = tables;
  const row = statements.get<Omit<ScheduleRow, "spec" | "offsets">>(
    `SELECT s.no, s.version, s.status, s.status_reason, s.engine, s.incarnation, s.origin, t.watermark, t.next_fire_at
      FROM schedule s JOIN schedule_state t ON t.no = s.no WHERE s.group_id = ?`,
    change.groupId,
  );
  const { version, statuses } = change.expected;
  if (row === undefined || row.version !== version || !statuses.includes(row.status)) return false;
  if (!isSealAsRead(tables, change.groupId, change)) return false;
  if (change.origin !== undefined && !mayMoveOrigin(statements, row, change.origin)) return false;
  const status = change.status ?? row.status;
  const nextVersion = change.spec === undefined ? version : version + 1;
  const watermark = change.origin ?? row.watermark;
  statements.run(
    "UPDATE schedule SET version = ?, status = ?, status_reason = ?, origin = ?, updated_at = ? WHERE no = ?",
    nextVersion,
    status,
    change.statusReason === undefined ? row.status_reason : change.statusReason,
    change.origin ?? row.origin,
    change.updatedAt,
    row.no,
  );
  statements.run(
    "UPDATE schedule_state SET version = ?, is_planning = ?, watermark = ?, next_fire_at = ? WHERE no = ?",
    nextVersion,
    Number(SCHEDULE_STATUSES[status].plans),
    watermark,
    change.nextFireAt === undefined ? row.next_fire_at : change.nextFireAt,
    row.no,
  );
  states.forget(row.no);
  if (change.offsets !== undefined) {
    setOffsets(statements, row.no, change.offsets);
    endReadings(statements, row.no, change.offsets.epoch);
  }
  if (change.spec !== undefined) {
    const { spec, tzdata } = change.spec;
    statements.run("UPDATE schedule SET engine = ? WHERE no = ?", spec.engine, row.no);
    lanes.setDelay(row.no, spec.delayMs);
    insertVersion(tables, row.no, {
      version: nextVersion,
      spec,
      tzdata,
      since: watermark,
      createdAt: change.updatedAt,
    });
    statements.run("DELETE FROM dependency WHERE schedule_no = ?", row.no);
    insertDependencies(statements, row.no, spec);
    const isNew = row.status === "DELETED";
    watchSchedule(tables, row.no, { spec, incarnation: row.incarnation, isNew, at: change.updatedAt });
    watchLookback(tables, row.no, { groupId: change.groupId, lookback: spec.lookback, watermark });
  }
  if (change.cancelPlanned !== undefined)
    cancelPlanned(tables, row.no, change.cancelPlanned, change.updatedAt);
  if (change.adoptsPlanned === true) adoptPlanned(tables, row.no, nextVersion, change.updatedAt);
  if (change.revivesCancelled !== undefined) {
    const given = { ...change.revivesCancelled, scheduleVersion: nextVersion, at: change.updatedAt };
    reviveCancelled(tables, row.no, given);
  }
  if (change.laneWidth !== undefined) lanes.resize(row.no, change.laneWidth, change.updatedAt);
  return true;
}

/**
 * Returns whether a ledger's beginning may move: only while nothing was planned, and not over a run of a
 * backfill.
 */
function mayMoveOrigin(
  statements: Statements,
  row: Omit<ScheduleRow, "spec" | "offsets">,
  origin: number,
): boolean {
  if (row.watermark !== row.origin) return false;
  const hasRuns = statements.get("SELECT 1 FROM run WHERE group_no = ? LIMIT 1", row.no) !== undefined;
  return origin === row.origin || !hasRuns;
}

/** Marks active runs of earlier readings of the source for cancellation. */
function endReadings(statements: Statements, no: number, epoch: number): void {
  statements.run(
    `UPDATE run SET is_cancel_requested = 1, reason = 'source-rebased' WHERE lease_until IS NOT NULL AND group_no = ?
      AND state IN ('SUBMITTING', 'RUNNING') AND json_extract(offsets, '$.epoch') < ?`,
    no,
    epoch,
  );
}

function cancelPlanned(tables: Tables, no: number, reason: RunReason, endedAt: number): void {
  for (const id of tables.lanes.planned(no)) {
    changeRun(tables, { id, from: ["PLANNED"], state: "CANCELLED", at: endedAt, reason, endedAt });
  }
}

/** Gives planned runs the current version of the schedule. */
function adoptPlanned(tables: Tables, no: number, version: number, at: number): void {
  const { statements, pools } = tables;
  withOtherVersion(statements, no, undefined, () => {
    statements.run(
      "UPDATE run SET schedule_version = ? WHERE group_no = ? AND state = 'PLANNED'",
      version,
      no,
    );
  });
  statements.run(`UPDATE run SET ${OF_ITS_VERSION} WHERE group_no = ? AND state = 'PLANNED'`, no);
  if (pools.isUsed)
    statements.run(`UPDATE run SET ${POOLING_OF_ITS_VERSION} WHERE group_no = ? AND state = 'PLANNED'`, no);
  regate(tables, no, at);
}

function reviveCancelled(
  tables: Tables,
  no: number,
  given: NonNullable<ScheduleChange["revivesCancelled"]> & {
    readonly scheduleVersion: number;
    readonly at: number;
  },
): void {
  const { reason, from, scheduleVersion, at } = given;
  const cancelled = tables.statements.all<Pick<RunRow, "id">>(
    `SELECT id FROM run r WHERE group_no = ? AND (lower >= ? OR kind <> 'SCHEDULED') AND state = 'CANCELLED' AND reason = ?
      AND NOT EXISTS (SELECT 1 FROM seal k JOIN schedule s ON s.no = k.group_no WHERE k.group_no = r.group_no
        AND r.lower < k.through AND r.upper > s.origin AND coalesce(r.ended_at, 0) <= k.sealed_at)
      ORDER BY lower, generation, upper`,
    no,
    from,
    reason,
  );
  for (const { id } of cancelled) {
    changeRun(tables, {
      id,
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

/** Removes a schedule and everything that belongs to it, if it is as expected. */
export function purgeSchedule(
  tables: Tables,
  groupId: string,
  expected: Pick<Schedule, "incarnation" | "status"> | undefined,
): boolean {
  const { statements, groups, states, lanes, held, inputs } = tables;
  const no = groups.numberOf(groupId);
  if (no === undefined) return false;
  if (expected !== undefined) {
    const { incarnation, status } = expected;
    const text = "SELECT no FROM schedule WHERE no = ? AND incarnation = ? AND status = ?";
    if (statements.get(text, no, incarnation, status) === undefined) return false;
    if (hasOpen(tables, no, "any")) return false;
  }
  statements.run("DELETE FROM run_input WHERE run_no IN (SELECT no FROM run WHERE group_no = ?)", no);
  inputs.purged(groupId);
  purgeShards(statements, no);
  statements.run("DELETE FROM run WHERE group_no = ?", no);
  statements.run("DELETE FROM backfill WHERE group_no = ?", no);
  purgeDeadlines(statements, no);
  purgeLate(statements, no);
  statements.run("DELETE FROM seal WHERE group_no = ?", no);
  statements.run("DELETE FROM schedule_version WHERE schedule_no = ?", no);
  statements.run("DELETE FROM schedule_state WHERE no = ?", no);
  statements.run("DELETE FROM dependency WHERE schedule_no = ?", no);
  statements.run("DELETE FROM schedule WHERE no = ?", no);
  groups.clear();
  states.forget(no);
  lanes.forget(no);
  held.clear();
  return true;
}
