import type { DirtyDataLimit } from "@tidegate/core";
import { invalidJob, type JobCall } from "@tidegate/operator-kit";
import { allowedPath } from "../job/allowed-paths.js";
import type { DuckdbJob } from "../job/job.js";
import { type Window, windowOf } from "../job/window.js";
import type { Settings } from "../options.js";
import { attemptDirectory, type Layout, layoutOf } from "../target/layout.js";

/** A job to be run: its request, checked and with resolved paths. */
export interface Task {
  readonly jobId: string;
  readonly idempotencyKey: string;
  readonly groupId: string;
  readonly job: DuckdbJob;
  readonly window: Window;
  /** The source's paths, absolute; empty for `sql`. */
  readonly sourcePaths: readonly string[];
  readonly layout: Layout;
  /** Where this attempt writes before it commits. */
  readonly directory: string;
  readonly dirtyData: DirtyDataLimit | undefined;
}

/** @throws OperatorError JOB_INVALID with the offending field */
export function taskOf(
  { request, job }: JobCall<DuckdbJob>,
  settings: Settings,
  dirtyData?: DirtyDataLimit,
): Task {
  const window = windowOf(request);
  if (job.source !== undefined && job.source.timeColumn === undefined && !window.isFull) {
    throw invalidJob("job.source.timeColumn", "is needed unless the schedule's mode is full");
  }
  const layout = layoutOf(targetOf(job, settings), window);
  return {
    jobId: `${request.runId}-${request.attempt}`,
    idempotencyKey: request.idempotencyKey,
    groupId: request.groupId,
    job,
    window,
    sourcePaths: sourcePathsOf(job, settings),
    layout,
    directory: attemptDirectory(layout, request.runId, request.attempt),
    dirtyData,
  };
}

/** Checks a job as far as possible without an interval. @throws OperatorError JOB_INVALID */
export function checkJob(job: DuckdbJob, settings: Settings): void {
  targetOf(job, settings);
  sourcePathsOf(job, settings);
}

function targetOf(job: DuckdbJob, { allowedDirectories }: Settings): string {
  return allowedPath(job.target.path, "job.target.path", allowedDirectories);
}

function sourcePathsOf({ source }: DuckdbJob, { allowedDirectories }: Settings): readonly string[] {
  if (source === undefined) return [];
  return [source.path].flat().map((path) => allowedPath(path, "job.source.path", allowedDirectories));
}
