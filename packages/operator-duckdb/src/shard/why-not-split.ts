import { type DuckdbJob, isChanges, isFiles, type Source } from "../job/job.js";
import { splitOf } from "./table-part.js";

/** Why a job cannot be split: the field, and what to do. */
export interface SplitProblem {
  readonly field: string;
  readonly problem: string;
}

/** Returns why a job cannot be split, or `undefined` if it can. */
export function whyNotSplit({ source, target }: DuckdbJob): SplitProblem | undefined {
  if (source === undefined)
    return { field: "job.sql", problem: "cannot be split, since a SELECT decides itself what it reads" };
  if (target.format === "postgres")
    return { field: "job.target", problem: "cannot be split, since one transaction writes its interval" };
  if (isChanges(source))
    return { field: "job.source", problem: "cannot be split, since a slot has one reader at a time" };
  if (!hasTypes(source))
    return {
      field: "job.source.columns",
      problem:
        "must be given to split the job: each shard would infer types from its own files, and values would be rounded or respelled where they differ",
    };
  if (isFiles(source) || splitOf(source) !== undefined) return undefined;
  return { field: "job.source.split", problem: "must name the column by which the table is divided" };
}

/** Text has no types of its own. */
function hasTypes(source: Source): boolean {
  const isText = source.format === "csv" || source.format === "json";
  return !isText || source.columns !== undefined;
}
