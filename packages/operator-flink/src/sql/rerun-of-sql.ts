import type { Rerun } from "@tidegate/operator-kit";
import type { SqlJob } from "../job/job.js";
import { codeOf } from "./scan.js";

const OVERWRITING = /\bINSERT\s+OVERWRITE\b/i;

/** Returns the effect of a second run of a statement: one that only inserts can replace nothing but rows of its keys. */
export function rerunOfSql({ rerun = "replaces", statement }: SqlJob): Rerun {
  return rerun === "replaces" && !OVERWRITING.test(codeOf(statement)) ? "upserts" : rerun;
}
