import type { EpochMs } from "../../clock/clock.js";
import { type Shard, type Split, UNTOUCHED } from "../../shard/shard.js";
import type { NewSplit, ShardChange } from "../shard-table.js";
import { frozenCopy } from "./frozen-copy.js";

interface SplitRow {
  readonly split: Omit<Split, "shards" | "mergingAt">;
  mergingAt: EpochMs | null;
  /** By id, in the order of the split. */
  readonly shards: Map<string, Shard>;
}

/** The splits of runs. Who may write is decided by its caller. */
export class ShardTable {
  readonly #splits = new Map<string, SplitRow>();

  insert({ runId, scheduleVersion, plannedAt, snapshotToken, shards }: NewSplit): boolean {
    if (this.#splits.has(runId)) return false;
    const rows = shards.map((shard) => frozenCopy({ ...UNTOUCHED, ...shard }));
    this.#splits.set(runId, {
      split: { runId, scheduleVersion, plannedAt, snapshotToken },
      mergingAt: null,
      shards: new Map(rows.map((shard) => [shard.id, shard])),
    });
    return true;
  }

  get(runId: string): Split | undefined {
    const row = this.#splits.get(runId);
    return row && { ...row.split, mergingAt: row.mergingAt, shards: [...row.shards.values()] };
  }

  change({ runId, id, progress }: ShardChange): boolean {
    const shards = this.#splits.get(runId)?.shards;
    const before = shards?.get(id);
    if (shards === undefined || before === undefined) return false;
    const { key, args, weight } = before;
    shards.set(id, frozenCopy({ id, key, args, weight, ...progress }));
    return true;
  }

  beginMerge(runId: string, at: EpochMs): boolean {
    const row = this.#splits.get(runId);
    if (row === undefined) return false;
    row.mergingAt ??= at;
    return true;
  }

  drop(runId: string): boolean {
    return this.#splits.delete(runId);
  }
}
