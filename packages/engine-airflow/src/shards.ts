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

/** So many shards are read one by one; more in a listing of all. */
const FEW = 4;

/** What Airflow tells instead of a value that it takes for a secret. */
const HIDDEN = "***";

/** Entries by DAG id. */
export type DagEntries = ReadonlyMap<string, string>;

/**
 * The Variables that hold the schedules of an installation. Writing is read, change, write. Within this object one write
 * follows the other, and all that is asked for while one is under way is in the next. Of other processes it knows
 * nothing, and Airflow has no conditional write: who writes here looks later whether it is still there.
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

  /** The entries of all DAGs, by what they are known by in their shards. */
  async all(): Promise<ShardEntries> {
    const values = await this.#values();
    return new Map([...values].flatMap(([key, value]) => [...(this.#entriesIn(key, value) ?? [])]));
  }

  /** The entries that these DAGs have. */
  async read(dagIds: readonly string[]): Promise<DagEntries> {
    return entriesOfDags(dagIds, await this.#shardsOf(dagIds));
  }

  /** Puts and removes entries; all are written when it resolves. @returns the entries that were there before */
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

  /** The values of these shards and perhaps of others. */
  async #values(keys?: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
    if (keys === undefined || keys.size > FEW) return this.#api.variables(shardPrefix(this.#prefix));
    const values = new Map<string, string>();
    for (const key of keys) {
      const value = await this.#api.variable(key);
      if (value !== undefined) values.set(key, value);
    }
    return values;
  }

  /** @throws EngineError ENGINE_FAILED when Airflow hides it: written back, it would be lost */
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
