import { hash } from "node:crypto";
import type { Split } from "./shard.js";

/** 32 hex digits, so that a shard's id fits wherever a run's does. */
const HEX_DIGITS = 32;

/**
 * Returns the id of a shard, from its split and its content alone, never from its place in the list. The shards of
 * another split of the run have other ids, so that no earlier job is taken for theirs.
 */
export function shardId(
  { runId, scheduleVersion, plannedAt }: Pick<Split, "runId" | "scheduleVersion" | "plannedAt">,
  key: string,
): string {
  return hash("sha256", `${runId}\n${scheduleVersion}\n${plannedAt}\n${key}`, "hex").slice(0, HEX_DIGITS);
}
