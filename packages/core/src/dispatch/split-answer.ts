import { z } from "zod";
import type { EpochMs } from "../clock/clock.js";
import { OperatorError } from "../errors/errors.js";
import type { JsonObject } from "../job/json.js";
import type { Run } from "../run/run.js";
import type { Shard, Split } from "../shard/shard.js";
import { shardId } from "../shard/shard-id.js";
import { MOST_SHARDS } from "../shard/shard-policy.js";
import { InvalidAnswer } from "./operator-answer.js";

const LONGEST_KEY = 1_000;
const LONGEST_TOKEN = 4_000;

const jobSplit = z.object({
  shards: z.array(
    z.object({
      key: z.string().min(1, "must not be empty").max(LONGEST_KEY),
      args: z.record(z.string(), z.json()),
      weight: z.number().positive("must be above 0").optional(),
    }),
  ),
  snapshotToken: z.string().min(1, "must not be empty").max(LONGEST_TOKEN).optional(),
});

/** An answer of `split` that breaks the contract. No job of its run has begun. */
class InvalidSplit extends InvalidAnswer {
  override readonly hasEnded = true;
}

/** A split that was checked. */
export interface CheckedSplit extends Pick<Split, "scheduleVersion" | "plannedAt"> {
  readonly snapshotToken: string | null;
  readonly shards: readonly Pick<Shard, "id" | "key" | "args" | "weight">[];
}

/**
 * Validates the answer of `split`.
 *
 * @param plannedAt - when it was given
 *
 * @throws OperatorError TOO_MANY_SHARDS; InvalidAnswer OPERATOR_ANSWER_INVALID with the field
 */
export function checkedSplit(
  { id: runId, scheduleVersion }: Pick<Run, "id" | "scheduleVersion">,
  answer: unknown,
  plannedAt: EpochMs,
): CheckedSplit {
  const count = (answer as { shards?: { length?: unknown } } | null)?.shards?.length;
  if (typeof count === "number" && count > MOST_SHARDS) {
    throw new OperatorError(
      "TOO_MANY_SHARDS",
      `The operator split the job into ${count} shards, more than ${MOST_SHARDS}: ask for fewer with shards.target, or run shorter intervals.`,
      { field: "shards" },
    );
  }
  const result = jobSplit.safeParse(answer);
  if (!result.success) {
    const { path, message } = result.error.issues[0]!;
    throw new InvalidSplit("split", answer, `is wrong: ${message}`, path.map(String).join("."));
  }
  const { shards, snapshotToken = null } = result.data;
  const keys = new Set<string>();
  for (const [index, { key }] of shards.entries()) {
    if (keys.has(key))
      throw new InvalidSplit("split", answer, "is the key of two shards", `shards.${index}.key`);
    keys.add(key);
  }
  return {
    scheduleVersion,
    plannedAt,
    snapshotToken,
    shards: shards.map(({ key, args, weight = 1 }) => ({
      id: shardId({ runId, scheduleVersion, plannedAt }, key),
      key,
      args: args as JsonObject,
      weight,
    })),
  };
}
