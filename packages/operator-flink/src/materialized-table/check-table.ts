import { messageOf } from "@tidegate/core/plugin";
import { invalidJob } from "@tidegate/operator-kit";
import type { MaterializedTableJob } from "../job/job.js";
import { checkText } from "../job/plain-text.js";
import { checkPlaceholders } from "../sql/bind.js";
import { parseFreshness } from "./freshness.js";
import { parseIdentifier } from "./identifier.js";

/**
 * Checks whether a table can be refreshed, as far as possible without Flink.
 *
 * @throws OperatorError JOB_INVALID with the offending field
 */
export function checkTable(
  job: MaterializedTableJob,
  field: string,
  hasSecret: (name: string) => boolean,
): void {
  const { identifier, freshness, partition = {}, setup = [] } = job;
  const path = parseIdentifier(identifier);
  if (path === undefined) {
    throw invalidJob(`${field}.identifier`, "must be catalog.database.table, in backticks where needed");
  }
  if (path.some((part) => part.includes("/"))) {
    throw invalidJob(`${field}.identifier`, "must not have a slash: Flink finds no table by such a path");
  }
  if (freshness !== undefined) checkFreshness(freshness, `${field}.freshness`);
  for (const [name, text] of Object.entries(partition)) {
    checkText(text, `${field}.partition.${name}`, "partitions");
  }
  setup.forEach((text, index) => {
    checkPlaceholders(text, `${field}.setup.${index}`, { boundaries: false, hasSecret });
  });
}

function checkFreshness(freshness: string, field: string): void {
  try {
    parseFreshness(freshness);
  } catch (error) {
    throw invalidJob(field, messageOf(error).replace(/^freshness: |\.$/g, ""));
  }
}
