import { EngineError } from "@tidegate/core";
import type { AirflowApi } from "./rest/airflow-api.js";
import {
  changedShards,
  entriesOf,
  entryIdOf,
  type ShardChanges,
  type ShardEntries,
  shardDescription,
  shardKeyOf,
  shardPrefix,
  shardText,
} from "./shard.js";

/** Up to this many shards are read one by one; more in a listing of all. */
const FEW = 4;

/** Airflow's replacement for a value that it takes for a secret. */
const HIDDEN = "***";

/** Entries by DAG id. */
export type DagEntries = ReadonlyMap<string, string>;

/**
 * The Variables that hold the schedules of an installation. A write reads, changes and writes back. Within
 * this object writes are serialized, and everything requested during one goes into the next. It knows nothing
 * of other processes, and Airflow has no conditional write, so writers must check later that their entries
 * are still there.
 */
export class Shards {
  readonly #api: AirflowApi;
  readonly #prefix: string;
  #asked = new Map<string, string | null>();
  #next: Promise<DagEntries> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(api: AirflowApi, prefix: string) {
    this.#api = api;
    this.#prefix = prefix;
  }

  /** Returns the entries of all DAGs, by their keys in the shards. */
  async all(): Promise<ShardEntries> {
    const values = await this.#values();
    return new Map([...values].flatMap(([key, value]) => [...(this.#entriesIn(key, value) ?? [])]));
  }

  /** Returns the entries of these DAGs. */
  async read(dagIds: readonly string[]): Promise<DagEntries> {
    return entriesOfDags(dagIds, await this.#shardsOf(dagIds));
  }

  /**
   * Puts and removes entries; all are written when it resolves. @returns the entries that were there before
   */
  change(changes: ShardChanges): Promise<DagEntries> {
    for (const [dagId, entry] of changes) this.#asked.set(dagId, entry);
    if (this.#next === undefined) {
      this.#next = this.#last.then(() => this.#write());
      this.#last = this.#next.catch(() => undefined);
    }
    return this.#next;
  }

  async #write(): Promise<DagEntries> {
    const changes = this.#asked;
    this.#asked = new Map();
    this.#next = undefined;
    const dagIds = [...changes.keys()];
    const shards = await this.#shardsOf(dagIds);
    const before = entriesOfDags(dagIds, shards);
    const description = shardDescription(this.#prefix);
    const variables = [...changedShards(shards, changes)].map(([key, entries]) => ({
      key,
      value: shardText(entries),
      description,
    }));
    await this.#api.putVariables(variables);
    return before;
  }

  async #shardsOf(dagIds: readonly string[]): Promise<ReadonlyMap<string, ShardEntries>> {
    const keys = new Set(dagIds.map(shardKeyOf));
    const shards = new Map<string, ShardEntries>();
    for (const [key, value] of await this.#values(keys)) {
      const entries = this.#entriesIn(key, value);
      if (keys.has(key) && entries !== undefined) shards.set(key, entries);
    }
    return shards;
  }

  /** Returns the values of these shards and perhaps of others. */
  async #values(keys?: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
    if (keys === undefined || keys.size > FEW) return this.#api.variables(shardPrefix(this.#prefix));
    const values = new Map<string, string>();
    for (const key of keys) {
      const value = await this.#api.variable(key);
      if (value !== undefined) values.set(key, value);
    }
    return values;
  }

  /** @throws EngineError ENGINE_FAILED if Airflow hides the value: written back, it would be lost */
  #entriesIn(key: string, value: string): ShardEntries | undefined {
    if (value !== HIDDEN) return entriesOf(value);
    const message = `Airflow hides the value of the Variable ${key}: no name in [core] sensitive_var_conn_names may be a part of its key.`;
    throw new EngineError("ENGINE_FAILED", message);
  }
}

function entriesOfDags(dagIds: readonly string[], shards: ReadonlyMap<string, ShardEntries>): DagEntries {
  const found = new Map<string, string>();
  for (const dagId of dagIds) {
    const entry = shards.get(shardKeyOf(dagId))?.get(entryIdOf(dagId));
    if (entry !== undefined) found.set(dagId, entry);
  }
  return found;
}
