import { connectionIdOf, INSTALLATIONS_KEY } from "./names.js";
import type { EngineSettings } from "./options.js";
import type { AirflowApi } from "./rest/airflow-api.js";
import { installationOf, parsedOf, shardDescription, shardKeys, shardText } from "./shard.js";

/**
 * An installation's objects in Airflow besides its schedules: the Connection with its callback endpoint, its
 * shards, and its place in the list by which the factory file finds them.
 */
export class Installation {
  readonly #api: AirflowApi;
  readonly #settings: EngineSettings;
  #put: Promise<void> | undefined;

  constructor(api: AirflowApi, settings: EngineSettings) {
    this.#api = api;
    this.#settings = settings;
  }

  /** Creates these objects, once per process, so that a new secret reaches Airflow. */
  put(): Promise<void> {
    this.#put ??= this.#putNow().catch((error: unknown) => {
      this.#put = undefined;
      throw error;
    });
    return this.#put;
  }

  /** Returns whether Airflow still has what the fires need. If not, the next `put` creates it again. */
  async isThere(): Promise<boolean> {
    const hasConnection = await this.#api.hasConnection(connectionIdOf(this.#settings.prefix));
    if (hasConnection && this.#isIn(await this.#listed())) return true;
    this.#put = undefined;
    return false;
  }

  /**
   * Adds the installation to the list, which a concurrent installer may remove again: Airflow has no
   * conditional write.
   *
   * @returns whether it was missing
   */
  async enlist(): Promise<boolean> {
    const listed = await this.#listed();
    if (this.#isIn(listed)) return false;
    const value = JSON.stringify([...listed, installationOf(this.#settings.prefix)].sort());
    const description = "The Tidegate installations that use this Airflow. It is written by Tidegate alone.";
    await this.#api.putVariables([{ key: INSTALLATIONS_KEY, value, description }]);
    return true;
  }

  async #putNow(): Promise<void> {
    const { prefix, callback } = this.#settings;
    await this.#api.putConnection(connectionIdOf(prefix), callback);
    // Create all of them, since Airflow complains of each missing Variable that a DAG file reads.
    const [value, description] = [shardText(new Map()), shardDescription(prefix)];
    await this.#api.addVariables(shardKeys(prefix).map((key) => ({ key, value, description })));
    await this.enlist();
  }

  async #listed(): Promise<string[]> {
    return namesIn((await this.#api.variable(INSTALLATIONS_KEY)) ?? "[]");
  }

  #isIn(listed: readonly string[]): boolean {
    return listed.includes(installationOf(this.#settings.prefix));
  }
}

/** Returns the names in the list; none if it was edited by hand and is not a list. */
function namesIn(value: string): string[] {
  const listed = parsedOf(value);
  return Array.isArray(listed) ? listed.filter((name) => typeof name === "string") : [];
}
