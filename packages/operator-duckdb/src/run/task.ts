import { hash } from "node:crypto";
import { join } from "node:path";
import type { DirtyDataLimit, OperatorError } from "@tidegate/core";
import { invalidJob, type JobCall } from "@tidegate/operator-kit";
import { allowedPath } from "../job/allowed-paths.js";
import { type DatabaseSource, type DuckdbJob, isFiles, isInPostgres } from "../job/job.js";
import { requirePositional } from "../job/positional.js";
import { type Window, windowOf } from "../job/window.js";
import type { Settings } from "../options.js";
import { type TaskShard, taskShardOf } from "../shard/task-shard.js";
import { type Layout, layoutOf, safeName, shardLayoutOf } from "../target/layout.js";

/** A job to be run: its request, checked and with resolved paths. */
export interface Task {
  readonly jobId: string;
  readonly runId: string;
  /** From 1. */
  readonly attempt: number;
  readonly idempotencyKey: string;
  readonly groupId: string;
  readonly job: DuckdbJob;
  readonly window: Window;
  /** The source's paths, absolute; empty if it has none. */
  readonly sourcePaths: readonly string[];
  readonly layout: Layout;
  /** Whether bad rows are kept aside, below the layout's target. */
  readonly keepsRejected: boolean;
  readonly dirtyData: DirtyDataLimit | undefined;
  /** The part of the job that it does. @default all of it */
  readonly shard: TaskShard | undefined;
  /** The token of the view of its source that all shards of its run read. @default none */
  readonly snapshot: string | undefined;
}

/** A task that is being carried out. */
export interface RunningTask extends Task {
  /** The folder that it alone writes to, before it commits. */
  readonly directory: string;
}

/** @throws OperatorError JOB_INVALID with the offending field */
export function taskOf(
  { request, job }: JobCall<DuckdbJob>,
  settings: Settings,
  dirtyData?: DirtyDataLimit,
): Task {
  const window = windowOf(request);
  requireBounds(job, window);
  const whole = layoutOf(rootOf(job, request.groupId, settings), window);
  const { shard } = request;
  const layout = shard === undefined ? whole : shardLayoutOf(whole, request.runId, shard.key);
  return {
    jobId: `${shard === undefined ? request.runId : request.idempotencyKey}-${request.attempt}`,
    runId: request.runId,
    attempt: request.attempt,
    idempotencyKey: request.idempotencyKey,
    groupId: request.groupId,
    job,
    window,
    sourcePaths: sourcePathsOf(job, settings),
    layout,
    keepsRejected: job.target.format !== "postgres" || job.target.rejectedPath !== undefined,
    dirtyData,
    shard: shard && taskShardOf(shard.args),
    snapshot: shard?.snapshotToken,
  };
}

/** Checks a job as far as possible without an interval. @throws OperatorError JOB_INVALID */
export function checkJob(job: DuckdbJob, settings: Settings): void {
  keptPathOf(job.target, settings);
  sourcePathsOf(job, settings);
  if (job.source !== undefined && isInPostgres(job.source)) requireSecret("job.source", job.source, settings);
  if (job.source?.format === "database") requireDatabase(job.source, settings);
  if (job.target.format === "postgres") requireSecret("job.target", job.target, settings);
}

/** Requires that a job says how it finds the rows of its window. */
function requireBounds(job: DuckdbJob, { isFull, positions }: Window): void {
  if (positions !== undefined) requirePositional(job, positions);
  else if (!isFull || job.source?.format === "postgres-changes") requireTimeColumns(job);
}

function requireTimeColumns({ source, target }: DuckdbJob): void {
  if (source?.format === "postgres-changes")
    throw invalidJob("job.source", 'is read by positions alone (boundaryType "OFFSET")');
  if (source?.format === "database")
    throw invalidJob("job.source", 'is read by positions (boundaryType "OFFSET"), or whole (mode "full")');
  if (source !== undefined && source.timeColumn === undefined) throw lacksTime("job.source.timeColumn");
  const replaces = target.format === "postgres" && target.write === "replace";
  if (replaces && target.timeColumn === undefined) throw lacksTime("job.target.timeColumn");
}

function lacksTime(field: string): OperatorError {
  return invalidJob(field, "is needed unless the schedule's mode is full");
}

function requireSecret(
  field: string,
  { connection }: { readonly connection: string },
  { secrets }: Settings,
): void {
  if (Object.hasOwn(secrets, connection)) return;
  throw invalidJob(`${field}.connection`, `the operator has no secret ${JSON.stringify(connection)}`);
}

function requireDatabase({ database }: DatabaseSource, { databases }: Settings): void {
  if (Object.hasOwn(databases, database)) return;
  throw invalidJob("job.source.database", `the operator has no database ${JSON.stringify(database)}`);
}

/**
 * Returns the directory below which a job works and keeps its bad rows: its target, or one that stands for a table and for
 * the group that writes to it. Several groups may write to one table, or keep their bad rows in one directory.
 */
function rootOf({ target }: DuckdbJob, groupId: string, settings: Settings): string {
  const kept = keptPathOf(target, settings);
  if (target.format !== "postgres") return kept!;
  if (kept !== undefined) return join(kept, safeName(groupId));
  const { connection, schema = null, table } = target;
  const name = hash("sha256", JSON.stringify([connection, schema, table, groupId]), "hex").slice(0, 32);
  return join(settings.scratchDirectory, `tidegate-duckdb-${name}`);
}

/** Returns the directory of the target, or that of a table's bad rows; `undefined` if these are not kept. */
function keptPathOf(target: DuckdbJob["target"], { allowedDirectories }: Settings): string | undefined {
  if (target.format !== "postgres") return allowedPath(target.path, "job.target.path", allowedDirectories);
  const { rejectedPath } = target;
  return rejectedPath && allowedPath(rejectedPath, "job.target.rejectedPath", allowedDirectories);
}

function sourcePathsOf({ source }: DuckdbJob, { allowedDirectories }: Settings): readonly string[] {
  if (source === undefined || !isFiles(source)) return [];
  return [source.path].flat().map((path) => allowedPath(path, "job.source.path", allowedDirectories));
}
