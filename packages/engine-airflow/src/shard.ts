import { createHash } from "node:crypto";

/** How many Variables the schedules of one installation are divided among; the factory file knows the same number. */
export const SHARDS = 16;

/** What a shard holds: an entry for each DAG, by the hash at the end of the DAG's id. */
export type ShardEntries = ReadonlyMap<string, string>;

/** What is to be in shards: by DAG id the entry, or `null` for none. */
export type ShardChanges = ReadonlyMap<string, string | null>;

/**
 * What the keys of an installation's shards begin with. Airflow hides the values of Variables whose keys look like a
 * secret's, such as those with `token` in them; in a hash of the prefix there can be none of these words.
 */
export function shardPrefix(prefix: string): string {
  return `tidegate.${installationOf(prefix)}.shard.`;
}

/** What people read beside a shard in Airflow. */
export function shardDescription(prefix: string): string {
  return `Schedules of the Tidegate installation "${prefix}". They are written by Tidegate alone.`;
}

/** By what an installation is known in the keys of its shards. */
export function installationOf(prefix: string): string {
  return digest(prefix).slice(0, 12);
}

/** The keys of all shards of an installation. */
export function shardKeys(prefix: string): string[] {
  return Array.from({ length: SHARDS }, (_, number) => shardKey(prefix, number));
}

/** The key of the Variable that holds a DAG's entry. */
export function shardKeyOf(dagId: string): string {
  const [, prefix = ""] = dagId.split(".");
  const number = Number.parseInt(digest(dagId).slice(0, 8), 16) % SHARDS;
  return shardKey(prefix, number);
}

/** By what a DAG's entry is known in its shard: not by the whole id, since Airflow hides the fields that it takes for a secret's. */
export function entryIdOf(dagId: string): string {
  return dagId.slice(dagId.lastIndexOf(".") + 1);
}

/** The entries in a Variable's value; `undefined` where it is something else, such as no JSON: it was edited by hand. */
export function entriesOf(value: string): Map<string, string> | undefined {
  const parsed = parsedOf(value);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return undefined;
  return new Map(
    Object.entries(parsed).filter((pair): pair is [string, string] => typeof pair[1] === "string"),
  );
}

/** The value of a Variable with these entries. */
export function shardText(entries: ShardEntries): string {
  return JSON.stringify(Object.fromEntries(entries));
}

/** The shards that changes make different, by key, with all their entries. */
export function changedShards(
  shards: ReadonlyMap<string, ShardEntries>,
  changes: ShardChanges,
): ReadonlyMap<string, ShardEntries> {
  const changed = new Map<string, Map<string, string>>();
  for (const [dagId, entry] of changes) {
    const key = shardKeyOf(dagId);
    const id = entryIdOf(dagId);
    const entries = changed.get(key) ?? new Map(shards.get(key));
    if (entries.get(id) === (entry ?? undefined)) continue;
    if (entry === null) entries.delete(id);
    else entries.set(id, entry);
    changed.set(key, entries);
  }
  return changed;
}

function shardKey(prefix: string, number: number): string {
  return `${shardPrefix(prefix)}${String(number).padStart(2, "0")}`;
}

/** What a Variable's value is as JSON; `undefined` where it is none. */
export function parsedOf(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
