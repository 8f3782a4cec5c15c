import { createHash } from "node:crypto";

/**
 * Number of Variables among which the schedules of one installation are divided; the factory file has the
 * same number.
 */
export const SHARDS = 16;

/** The content of a shard: an entry for each DAG, by the hash at the end of the DAG's id. */
export type ShardEntries = ReadonlyMap<string, string>;

/** Changes of shards: by DAG id the entry, or `null` to remove it. */
export type ShardChanges = ReadonlyMap<string, string | null>;

/**
 * Returns the prefix of an installation's shard keys. Airflow hides the values of Variables whose keys look
 * like a secret's, such as those with `token` in them; a hash of the prefix cannot contain these words.
 */
export function shardPrefix(prefix: string): string {
  return `tidegate.${installationOf(prefix)}.shard.`;
}

/** Returns the description that people read beside a shard in Airflow. */
export function shardDescription(prefix: string): string {
  return `Schedules of the Tidegate installation "${prefix}". They are written by Tidegate alone.`;
}

/** Returns the name of an installation in the keys of its shards. */
export function installationOf(prefix: string): string {
  return digest(prefix).slice(0, 12);
}

/** Returns the keys of all shards of an installation. */
export function shardKeys(prefix: string): string[] {
  return Array.from({ length: SHARDS }, (_, number) => shardKey(prefix, number));
}

/** Returns the key of the Variable that holds a DAG's entry. */
export function shardKeyOf(dagId: string): string {
  const [, prefix = ""] = dagId.split(".");
  const number = Number.parseInt(digest(dagId).slice(0, 8), 16) % SHARDS;
  return shardKey(prefix, number);
}

/**
 * Returns the key of a DAG's entry in its shard: not the whole id, since Airflow hides fields that look like
 * a secret's.
 */
export function entryIdOf(dagId: string): string {
  return dagId.slice(dagId.lastIndexOf(".") + 1);
}

/**
 * Returns the entries in a Variable's value; `undefined` if it was edited by hand and is something else, such
 * as invalid JSON.
 */
export function entriesOf(value: string): Map<string, string> | undefined {
  const parsed = parsedOf(value);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return undefined;
  return new Map(
    Object.entries(parsed).filter((pair): pair is [string, string] => typeof pair[1] === "string"),
  );
}

/** Returns the value of a Variable with these entries. */
export function shardText(entries: ShardEntries): string {
  return JSON.stringify(Object.fromEntries(entries));
}

/** Returns the shards that the changes alter, by key, with all their entries. */
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

/** Parses a Variable's value as JSON; returns `undefined` if it is invalid. */
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
