import { messageOf } from "@tidegate/core";
import { invalidJob } from "../job/invalid-job.js";
import type { MaterializedTableJob } from "../job/job.js";
import { BRACES, placeholderOf, unknownPlaceholder } from "../job/placeholder.js";
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
  for (const [name, text] of Object.entries(partition)) checkPartition(text, `${field}.partition.${name}`);
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

function checkPartition(text: string, field: string): void {
  for (const [, name = ""] of text.matchAll(BRACES)) {
    const placeholder = placeholderOf(name);
    if (placeholder === undefined) throw invalidJob(field, unknownPlaceholder(name));
    if (placeholder.kind === "secret")
      throw invalidJob(field, "must not hold a secret: Flink shows partitions");
  }
}
