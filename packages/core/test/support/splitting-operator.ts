import type { OfflineJobRequest } from "../../src/job/offline-job-request.js";
import type { SplitContext } from "../../src/operator/operator.js";
import type { JobSplit, ShardResult, ShardSpec } from "../../src/shard/shard.js";
import { ScriptedOperator } from "./scripted-operator.js";

/** Shards whose keys are these, each of its own weight or 1. */
export function shardsOf(...keys: readonly (string | [string, number])[]): ShardSpec[] {
  return keys.map((each) =>
    typeof each === "string"
      ? { key: each, args: { part: each } }
      : { key: each[0], args: { part: each[0] }, weight: each[1] },
  );
}

/** A scripted operator that splits jobs as told, and records what it was asked to merge. */
export class SplittingOperator extends ScriptedOperator {
  /** Runs that were split, in order, and how many shards were asked for. */
  readonly splits: { readonly runId: string; readonly target: number }[] = [];
  /** What was merged, in order. */
  readonly merged: (readonly ShardResult[])[] = [];
  /** What a run is split into. */
  answerSplit: () => JobSplit = () => ({ shards: shardsOf("a", "b", "c") });
  /** While set, `merge` rejects with it. */
  mergeFailure: Error | undefined;
  /** Whether `merge` answers only when the test says. */
  mergesLate = false;
  readonly #late: (() => void)[] = [];

  async split({ runId }: OfflineJobRequest, { target }: SplitContext): Promise<JobSplit> {
    this.splits.push({ runId, target });
    return this.answerSplit();
  }

  /** A job that says `isWhole` cannot be split. */
  canSplit({ isWhole }: { readonly isWhole?: unknown }): boolean {
    return isWhole !== true;
  }

  cannotSplit({ isWhole }: { readonly isWhole?: unknown }): string | undefined {
    return isWhole === true ? "job.isWhole is set" : undefined;
  }

  async merge(_request: OfflineJobRequest, results: readonly ShardResult[]): Promise<void> {
    this.merged.push(results);
    if (this.mergesLate) await new Promise<void>((resolve) => this.#late.push(resolve));
    if (this.mergeFailure !== undefined) throw this.mergeFailure;
  }

  /** Has every `merge` answer that was to answer late. */
  mergeNow(): void {
    for (const answer of this.#late.splice(0)) answer();
  }

  /** The keys of the shards that were submitted, in order. */
  get submitted(): (string | undefined)[] {
    return this.submissions.map(({ shard }) => shard?.key);
  }
}
