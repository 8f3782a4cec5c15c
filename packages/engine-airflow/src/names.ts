/** The DAG by which the factory file tells that it is installed. */
export const FACTORY_DAG_ID = "tidegate.factory";

/** The version of the factory file that this engine writes Variables for, as that DAG's tag. */
export const FACTORY_TAG = "tidegate-factory-3";

/** The Variable that lists the installations, each by the hash that is in the keys of its shards. */
export const INSTALLATIONS_KEY = "tidegate.installations";

/** The tag of a DAG that stands for a schedule that could not be built; its description says why. */
export const BROKEN_TAG = "tidegate-broken";

/** The group id of a DAG: its display name, which is in JSON where the id cannot be printed or begins as JSON does. */
export function groupIdOf(displayName: string): string {
  return displayName.startsWith('"') ? JSON.parse(displayName) : displayName;
}

/** The id of the Connection that holds the door's address and secret. */
export function connectionIdOf(prefix: string): string {
  return `tidegate.${prefix}`;
}
