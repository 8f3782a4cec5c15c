import { connectionIdOf, INSTALLATIONS_KEY } from "./names.js";
import type { EngineSettings } from "./options.js";
import type { AirflowApi } from "./rest/airflow-api.js";
import { installationOf, parsedOf, shardDescription, shardKeys, shardText } from "./shard.js";

/**
 * An installation's objects in Airflow besides its schedules: the Connection with its callback endpoint, its
 * place in the list by which the factory file finds its shards, and the shards themselves where that file cannot
 * tell which of them exist.
 */
export class Installation {
  readonly #api: AirflowApi;
  readonly #settings: EngineSettings;
  #put: Promise<void> | undefined;
  #putAll: Promise<void> | undefined;

  constructor(api: AirflowApi, settings: EngineSettings) {
    this.#api = api;
    this.#settings = settings;
  }

  /** Creates the Connection and the place in the list, once per process, so that a new secret reaches Airflow. */
  put(): Promise<void> {
    this.#put ??= this.#putNow().catch((error: unknown) => {
      this.#put = undefined;
      throw error;
    });
    return this.#put;
  }

  /** Creates all shards, once per process: Airflow logs an error for each missing Variable that a DAG file reads. */
  putShards(): Promise<void> {
    this.#putAll ??= this.#putShardsNow().catch((error: unknown) => {
      this.#putAll = undefined;
      throw error;
    });
    return this.#putAll;
  }

  /** Returns whether Airflow still has what the fires need. If not, the next `put` and `putShards` create it again. */
  async isThere(): Promise<boolean> {
    const hasConnection = await this.#api.hasConnection(connectionIdOf(this.#settings.prefix));
    if (hasConnection && this.#isIn(await this.#listed())) return true;
    this.#put = undefined;
    this.#putAll = undefined;
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
    await this.enlist();
  }

  async #putShardsNow(): Promise<void> {
    const { prefix } = this.#settings;
    const [value, description] = [shardText(new Map()), shardDescription(prefix)];
    await this.#api.addVariables(shardKeys(prefix).map((key) => ({ key, value, description })));
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
