import { basename, dirname } from "node:path";
import { invalidJob } from "@tidegate/operator-kit";
import { lsnOf } from "@tidegate/postgres-kit/slot";
import { type DuckdbJob, type FilesSource, isChanges, isFiles } from "./job.js";
import type { Positions } from "./window.js";

const WHOLE = /^-?\d{1,40}$/;

/** Characters of patterns that have another meaning, or none, in one of DuckDB's globs and the provider's. */
const UNCOMMON = /[[\]{}()!+@|\\]|\*\*/;

/**
 * Checks that a job can read by positions.
 *
 * @param positions - those of a run
 * @throws OperatorError JOB_INVALID with the offending field
 */
export function requirePositional({ source, target }: DuckdbJob, positions?: Positions): void {
  if (source === undefined)
    throw invalidJob("job.sql", "is bounded by time; to read positions, give job.source");
  if ("timeColumn" in source && source.timeColumn !== undefined)
    throw invalidJob("job.source.timeColumn", "must be left out, since positions choose the rows");
  if (target.format === "postgres" && target.write === "replace")
    throw invalidJob(
      "job.target.write",
      'must be "upsert" with positions, since the rows of an interval cannot be told by their time',
    );
  if (isFiles(source)) requireOneFolder(source.path);
  else if (isChanges(source)) requireLog(positions);
  else requireCursor(source, positions);
}

function requireOneFolder(path: string | readonly string[]): void {
  const [first, ...more] = [path].flat() as [string];
  if (more.length > 0) throw invalidJob("job.source.path", "must be a single one with positions");
  if (/[*?]/.test(dirname(first)) || UNCOMMON.test(first))
    throw invalidJob(
      "job.source.path",
      `must be a folder and a pattern of names with * and ? alone, such as /data/*.csv, is ${JSON.stringify(first)}`,
    );
}

function requireCursor(
  { cursorColumn }: { readonly cursorColumn?: string },
  positions: Positions | undefined,
): void {
  if (cursorColumn === undefined)
    throw invalidJob("job.source.cursorColumn", "is needed to read positions: the schedule's source.column");
  const { lower = "0", upper = "0" } = positions ?? {};
  for (const [field, position] of Object.entries({ lowerBound: lower, upperBound: upper }))
    if (!WHOLE.test(position))
      throw invalidJob(field, `must be a whole number for a table, is ${JSON.stringify(position)}`);
}

function requireLog(positions: Positions | undefined): void {
  if (positions === undefined) return;
  const { lower, upper } = positions;
  if (lower === undefined)
    throw invalidJob("mode", "must be incremental: a slot has no changes before its own beginning");
  for (const [field, position] of Object.entries({ lowerBound: lower, upperBound: upper }))
    if (lsnOf(position) === undefined)
      throw invalidJob(field, `must be a log sequence number, is ${JSON.stringify(position)}`);
}

/** Returns the pattern of names in a path of files. */
export function patternOf({ path }: FilesSource): string {
  return basename([path].flat()[0]!);
}

/** Returns the folder in a path of files. */
export function folderOf({ path }: FilesSource): string {
  return dirname([path].flat()[0]!);
}
