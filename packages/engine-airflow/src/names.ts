import { createHash } from "node:crypto";

/** The DAG by which the factory file tells that it is installed. */
export const FACTORY_DAG_ID = "tidegate.factory";

/** The version of the factory file that this engine writes Variables for, as that DAG's tag. */
export const FACTORY_TAG = "tidegate-factory-3";

/** The Variable that lists the installations, each by the hash that is in the keys of its shards. */
export const INSTALLATIONS_KEY = "tidegate.installations";

/** The tag of a DAG that stands for a schedule that could not be built; its description says why. */
export const BROKEN_TAG = "tidegate-broken";

/** So many characters of a group id can be read in its DAG's id. */
const READABLE = 80;

/** What the ids of all DAGs of one installation begin with. */
export function dagIdPrefix(prefix: string): string {
  return `tidegate.${prefix}.`;
}

/**
 * The id of a group's DAG: what of the group id is letters, digits, `_` and `-`, and a hash that tells it from all others.
 */
export function dagIdOf(prefix: string, groupId: string): string {
  const readable = groupId.replace(/[^A-Za-z0-9_-]+/g, "-").slice(0, READABLE);
  const hash = createHash("sha256").update(groupId).digest("hex").slice(0, 16);
  return `${dagIdPrefix(prefix)}${readable}.${hash}`;
}

/** The group id of a DAG: its display name, which is in JSON where the id cannot be printed or begins as JSON does. */
export function groupIdOf(displayName: string): string {
  return displayName.startsWith('"') ? JSON.parse(displayName) : displayName;
}

/** The id of the Connection that holds the door's address and secret. */
export function connectionIdOf(prefix: string): string {
  return `tidegate.${prefix}`;
}
