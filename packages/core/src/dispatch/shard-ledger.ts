import type { Clock } from "../clock/clock.js";
import { Waits } from "../clock/waits.js";
import { LedgerError } from "../errors/errors.js";
import type { Shard, ShardProgress, Split } from "../shard/shard.js";
import type { NewSplit, ShardTable, ShardWriter } from "../store/shard-table.js";
import { backoffMs } from "./attempt-result.js";

/** Pauses between two tries to write. */
const PAUSES = { initialMs: 1_000, maxMs: 10_000 };

/** Dependencies of `ShardLedger`. */
export interface ShardLedgerParts {
  readonly store: ShardTable;
  readonly clock: Clock;
  readonly runId: string;
  /** Returns the fencing token of the run's holder; `undefined` if nobody holds it. */
  readonly token: () => number | undefined;
  readonly onTrouble: (error: unknown) => void;
}

/** The split of one run as its holder knows it: written through, and retried as long as the store fails. */
export class ShardLedger {
  readonly #parts: ShardLedgerParts;
  readonly #waits: Waits;
  #split: Omit<Split, "shards"> | undefined;
  #shards = new Map<string, Shard>();
  #isAbandoned = false;

  constructor(parts: ShardLedgerParts) {
    this.#parts = parts;
    this.#waits = new Waits(parts.clock);
  }

  /** The shards as last read or written, in the order of the split. */
  get shards(): Shard[] {
    return [...this.#shards.values()];
  }

  /** Returns a shard as last read or written. */
  get(id: string): Shard | undefined {
    return this.#shards.get(id);
  }

  /** Whether the merge has begun. */
  get isMerging(): boolean {
    return this.#split !== undefined && this.#split.mergingAt !== null;
  }

  /** Whether the run is split, as last read. */
  get isSplit(): boolean {
    return this.#split !== undefined;
  }

  /** The version of the schedule whose job was split. */
  get scheduleVersion(): number | undefined {
    return this.#split?.scheduleVersion;
  }

  get count(): number {
    return this.#shards.size;
  }

  get snapshotToken(): string | null {
    return this.#split?.snapshotToken ?? null;
  }

  /** Ends the retries of failing writes. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#waits.wake();
  }

  /** Reads the split; `false` if the run has none. */
  async read(): Promise<boolean> {
    if (this.#split !== undefined) return true;
    const { store, runId } = this.#parts;
    const split = await store.getSplit(runId);
    if (split === undefined) return false;
    this.#split = split;
    this.#shards = new Map(split.shards.map((shard) => [shard.id, shard]));
    return true;
  }

  /** Stores the split, and reads what is stored. @throws LedgerError RUN_STATE_ILLEGAL if the run is another's */
  async insert(split: Omit<NewSplit, keyof ShardWriter>): Promise<void> {
    await this.#insist(() => this.#parts.store.insertSplit({ ...split, ...this.#writer }));
    if (!(await this.read())) throw takenOver(this.#parts.runId);
  }

  /** Makes the progress of a shard durable. @throws LedgerError RUN_STATE_ILLEGAL if the run is another's */
  async write(shard: Shard, progress: Partial<ShardProgress>): Promise<Shard> {
    const { id, key, args, weight, ...before } = shard;
    const after = { ...before, ...progress };
    const write = async (): Promise<boolean | undefined> => {
      const [isDone] = await this.#parts.store.changeShards([{ ...this.#writer, id, progress: after }]);
      return isDone;
    };
    if ((await this.#insist(write)) !== true) throw takenOver(this.#parts.runId);
    const changed = { id, key, args, weight, ...after };
    this.#shards.set(id, changed);
    return changed;
  }

  /** Records that the merge begins. @throws LedgerError RUN_STATE_ILLEGAL if the run is another's */
  async beginMerge(): Promise<void> {
    const { store, clock, runId } = this.#parts;
    const at = clock.now();
    if (!(await this.#insist(() => store.beginMerge(this.#writer, at)))) throw takenOver(runId);
    if (this.#split !== undefined) this.#split = { ...this.#split, mergingAt: this.#split.mergingAt ?? at };
  }

  /** Drops the split with its shards. @throws LedgerError RUN_STATE_ILLEGAL if the run is another's */
  async drop(): Promise<void> {
    const { store, runId } = this.#parts;
    const isDone = await this.#insist(() => store.dropSplit(this.#writer));
    if (!isDone && (await this.#insist(() => store.getSplit(runId))) !== undefined) throw takenOver(runId);
    this.#split = undefined;
    this.#shards = new Map();
  }

  get #writer(): ShardWriter {
    const token = this.#parts.token();
    return { runId: this.#parts.runId, ...(token === undefined ? {} : { token }) };
  }

  /** Every write here may be repeated: if the first one succeeded and its answer was lost, the next changes nothing. */
  async #insist<T>(write: () => Promise<T>): Promise<T> {
    for (let round = 1; ; round += 1) {
      try {
        return await write();
      } catch (error) {
        if (this.#isAbandoned) throw error;
        this.#parts.onTrouble(error);
      }
      await this.#waits.pause(backoffMs(PAUSES, round));
      if (this.#isAbandoned) throw takenOver(this.#parts.runId);
    }
  }
}

function takenOver(runId: string): LedgerError {
  return new LedgerError(
    "RUN_STATE_ILLEGAL",
    `Run ${runId} was taken over; its new owner goes on with its shards.`,
  );
}
