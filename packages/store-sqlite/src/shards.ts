import type { EpochMs, Split } from "@tidegate/core";
import { type NewSplit, type ShardChange, type ShardWriter, UNTOUCHED } from "@tidegate/core/store";
import { asShards, partOf, type ShardColumns } from "@tidegate/store-kit";
import type { Statements } from "./statements.js";

interface SplitRow {
  readonly schedule_version: number;
  readonly planned_at: number;
  readonly merging_at: number | null;
  readonly snapshot_token: string | null;
}

const INSERT_SPLIT = `INSERT INTO run_split (run_no, schedule_version, planned_at, snapshot_token) VALUES (?, ?, ?, ?)
  ON CONFLICT DO NOTHING`;

const INSERT_SHARD = "INSERT INTO shard (run_no, id, position, part, progress) VALUES (?, ?, ?, ?, ?)";

/** Stores the split of a run; `false` if it has one, or the writer may not write. */
export function insertSplit(statements: Statements, split: NewSplit): boolean {
  const no = writableRun(statements, split);
  if (no === undefined) return false;
  const { scheduleVersion, plannedAt, snapshotToken } = split;
  if (statements.run(INSERT_SPLIT, no, scheduleVersion, plannedAt, snapshotToken) === 0) return false;
  const untouched = JSON.stringify(UNTOUCHED);
  for (const [position, shard] of split.shards.entries())
    statements.run(INSERT_SHARD, no, shard.id, position, partOf(shard), untouched);
  return true;
}

/** Returns the split of a run, if it was split. */
export function getSplit(statements: Statements, runId: string): Split | undefined {
  const run = statements.get<Pick<SplitRow, "schedule_version"> & { no: number }>(
    "SELECT no, schedule_version FROM run WHERE id = ?",
    runId,
  );
  if (run === undefined) return undefined;
  const split = statements.get<SplitRow>(
    "SELECT coalesce(schedule_version, ?) AS schedule_version, planned_at, merging_at, snapshot_token FROM run_split WHERE run_no = ?",
    run.schedule_version,
    run.no,
  );
  if (split === undefined) return undefined;
  const shards = statements.all<ShardColumns>(
    "SELECT id, part, progress FROM shard WHERE run_no = ? ORDER BY position",
    run.no,
  );
  return {
    runId,
    scheduleVersion: split.schedule_version,
    plannedAt: split.planned_at,
    mergingAt: split.merging_at,
    snapshotToken: split.snapshot_token,
    shards: asShards(shards),
  };
}

/** Sets the progress of a shard; `false` if it is unknown, or the writer may not write. */
export function changeShard(statements: Statements, change: ShardChange): boolean {
  const no = writableRun(statements, change);
  if (no === undefined) return false;
  const text = "UPDATE shard SET progress = ? WHERE run_no = ? AND id = ?";
  return statements.run(text, JSON.stringify(change.progress), no, change.id) > 0;
}

/** Records that the merge begins; `false` if the run has no split, or the writer may not write. */
export function beginMerge(statements: Statements, writer: ShardWriter, at: EpochMs): boolean {
  const no = writableRun(statements, writer);
  if (no === undefined) return false;
  const text = "UPDATE run_split SET merging_at = coalesce(merging_at, ?) WHERE run_no = ?";
  return statements.run(text, at, no) > 0;
}

/** Deletes the split of a run; `false` if it has none, or the writer may not write. */
export function dropSplit(statements: Statements, writer: ShardWriter): boolean {
  const no = writableRun(statements, writer);
  return no !== undefined && removeSplit(statements, no);
}

/** Removes the split of a run with its shards; `false` if it has none. */
export function removeSplit(statements: Statements, no: number): boolean {
  statements.run("DELETE FROM shard WHERE run_no = ?", no);
  return statements.run("DELETE FROM run_split WHERE run_no = ?", no) > 0;
}

/** Removes the shards of a group's runs. */
export function purgeShards(statements: Statements, groupNo: number): void {
  const ofGroup =
    "run_no IN (SELECT s.run_no FROM run_split s JOIN run r ON r.no = s.run_no WHERE r.group_no = ?)";
  statements.run(`DELETE FROM shard WHERE ${ofGroup}`, groupNo);
  statements.run(`DELETE FROM run_split WHERE ${ofGroup}`, groupNo);
}

/** Returns the number of a run whose shards the writer may write: its holder, or anybody if nobody holds it. */
function writableRun(statements: Statements, { runId, token }: ShardWriter): number | undefined {
  const run = statements.get<{ no: number; state: string; token: number }>(
    "SELECT no, state, token FROM run WHERE id = ?",
    runId,
  );
  if (run === undefined) return undefined;
  const isHeld = run.state === "SUBMITTING" || run.state === "RUNNING";
  return (isHeld ? run.token === token : token === undefined) ? run.no : undefined;
}
