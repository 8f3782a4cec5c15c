/** The DAG that shows that the factory file is installed. */
export const FACTORY_DAG_ID = "tidegate.factory";

/** The version of the factory file that this engine writes Variables for, as that DAG's tag. */
export const FACTORY_TAG = "tidegate-factory-3";

/** The tag of the factory's DAG where the factory file lists the shards that exist, from Airflow 3.3 on. */
export const LISTING_TAG = "tidegate-lists-shards";

/** The Variable that lists the installations, each by the hash that is in the keys of its shards. */
export const INSTALLATIONS_KEY = "tidegate.installations";

/** The tag of a DAG that stands for a schedule that could not be built; its description gives the reason. */
export const BROKEN_TAG = "tidegate-broken";

/**
 * Returns the group id of a DAG: its display name, which is JSON if the id is not printable or starts like
 * JSON.
 */
export function groupIdOf(displayName: string): string {
  return displayName.startsWith('"') ? JSON.parse(displayName) : displayName;
}

/** Returns the id of the Connection that holds the callback endpoint's address and secret. */
export function connectionIdOf(prefix: string): string {
  return `tidegate.${prefix}`;
}
