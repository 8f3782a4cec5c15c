import { invalidJob } from "@tidegate/operator-kit";
import type { SqlJob } from "../job/job.js";
import { checkPlaceholders } from "./bind.js";
import { codeOf } from "./scan.js";

/** Each submits one job, whose id can be set. */
const JOB = /^(?:INSERT|EXECUTE\s+(?:STATEMENT\s+SET|INSERT))\b/i;

/** A copy's statements come from these fields. */
const TABLES_OF_A_COPY = ["job.sync.source", "job.sync.sink"];

const APPENDING = /\bINSERT\s+INTO\b/i;

/**
 * Checks that SQL can be run for an interval: its placeholders are known, it is one job, and the effect of a
 * second run is known. Whether Flink understands it shows only when it runs.
 *
 * @param field - `job.sql` or `job.sync`
 * @throws OperatorError JOB_INVALID with the offending field
 */
export function checkSql(job: SqlJob, field: string, hasSecret: (name: string) => boolean): void {
  const { setup = [], prepare = [], statement } = job;
  setup.forEach((text, index) => {
    const table = field === "job.sync" ? TABLES_OF_A_COPY[index] : undefined;
    checkPlaceholders(text, table ?? `${field}.setup.${index}`, { boundaries: false, hasSecret });
  });
  prepare.forEach((text, index) => {
    checkPlaceholders(text, `${field}.prepare.${index}`, { boundaries: true, hasSecret });
  });
  const origin = field === "job.sync" ? field : `${field}.statement`;
  checkPlaceholders(statement, origin, { boundaries: true, hasSecret });
  const code = codeOf(statement);
  if (!JOB.test(code)) {
    throw invalidJob(
      `${field}.statement`,
      "must be one INSERT or EXECUTE STATEMENT SET; others belong to setup",
    );
  }
  if (APPENDING.test(code) && job.rerun === undefined) {
    throw invalidJob(
      `${field}.rerun`,
      'must say what a second run of an interval does: "upserts" where the sink replaces rows by a key, "appends" where it would ' +
        "double the rows and that is accepted; INSERT OVERWRITE needs neither",
    );
  }
}
