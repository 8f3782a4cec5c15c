import { setTimeout as sleep } from "node:timers/promises";
import { type EngineEntry, EngineError, type EngineSchedule } from "@tidegate/core";
import { type Definition, definitionOf, versionOf } from "./definition.js";
import {
  BROKEN_TAG,
  connectionIdOf,
  FACTORY_DAG_ID,
  FACTORY_TAG,
  groupIdOf,
  keyOf,
  keyPrefix,
} from "./names.js";
import type { EngineSettings } from "./options.js";
import type { AirflowApi, AirflowDag } from "./rest/airflow-api.js";

/** How often it is looked whether Airflow has parsed what was registered, ms: that has no event. */
const LOOK_EVERY_MS = 300;

/** How long a running task may hold up that its DAG is deleted, ms. */
const DELETE_WITHIN_MS = 20_000;

/** So many DAGs are looked at one by one; more in a listing of all. */
const FEW = 5;

/** What Airflow holds: a Variable and a DAG for each schedule, and one Connection. */
export class Registrar {
  readonly #api: AirflowApi;
  readonly #settings: EngineSettings;
  #connected: Promise<void> | undefined;

  constructor(api: AirflowApi, settings: EngineSettings) {
    this.#api = api;
    this.#settings = settings;
  }

  /** Writes the Connection; once in the life of this process, so that a new secret reaches Airflow. */
  connect(): Promise<void> {
    this.#connected ??= this.#api
      .putConnection(connectionIdOf(this.#settings.prefix), this.#settings.callback)
      .catch((error: unknown) => {
        this.#connected = undefined;
        throw error;
      });
    return this.#connected;
  }

  /**
   * Writes the Variables and waits until Airflow has parsed them and their DAGs are active.
   *
   * @throws EngineError ENGINE_FAILED when the factory file is not installed, does not import, or cannot build one of
   *   these; when it is not parsed in time
   */
  async register(schedules: readonly EngineSchedule[]): Promise<void> {
    const stamps = new Map<string, string>();
    const variables = new Map<string, string>();
    for (const schedule of schedules) {
      const key = keyOf(this.#settings.prefix, schedule.groupId);
      const definition: Definition = definitionOf(schedule, this.#settings);
      stamps.set(key, definition.stamp);
      variables.set(key, JSON.stringify(definition));
    }
    const factory = await this.#factory();
    await this.connect();
    await this.#api.putVariables([...variables].map(([key, value]) => ({ key, value })));
    await this.#api.parse(factory);
    await this.#untilActive(stamps, factory);
  }

  async unregister(groupIds: readonly string[]): Promise<void> {
    const keys = [...new Set(groupIds.map((groupId) => keyOf(this.#settings.prefix, groupId)))];
    // First of all it is to be silent, also while a task that is running holds up that the DAG is deleted.
    for (const key of keys) await this.#api.setPaused(key, true);
    await this.#api.deleteVariables(keys);
    for (const key of keys) await this.#api.deleteDag(key, DELETE_WITHIN_MS);
  }

  /**
   * The schedules that Airflow fires, ordered by group id: those with a Variable and a DAG that is active. Without the
   * Connection none can.
   */
  async list(): Promise<EngineEntry[]> {
    await this.connect();
    if (!(await this.#api.hasConnection(connectionIdOf(this.#settings.prefix)))) {
      this.#connected = undefined;
      return [];
    }
    const prefix = keyPrefix(this.#settings.prefix);
    const keys = await this.#api.variableKeys(prefix);
    const entries: EngineEntry[] = [];
    for await (const dag of this.#api.dags(prefix)) {
      const version = dag.tags.map(({ name }) => versionOf(name)).find((found) => found !== undefined);
      if (dag.is_paused || isBroken(dag) || version === undefined || !keys.has(dag.dag_id)) continue;
      entries.push({ groupId: groupIdOf(dag.dag_display_name), version });
    }
    return entries.sort((a, b) => (a.groupId < b.groupId ? -1 : 1));
  }

  async #factory(): Promise<AirflowDag> {
    const factory = await this.#api.dag(FACTORY_DAG_ID);
    if (factory !== undefined && has(factory, FACTORY_TAG)) return factory;
    const failure = await this.#importFailure(factory);
    const message =
      failure ??
      (factory === undefined
        ? "Tidegate's DAG factory is not in Airflow's DAGs folder, or not parsed yet: put it there with " +
          "`npx tidegate-engine-airflow dag-factory --into <folder>`."
        : "Tidegate's DAG factory in Airflow's DAGs folder is of another version: put this one in its place with " +
          "`npx tidegate-engine-airflow dag-factory --into <folder>`.");
    throw new EngineError("ENGINE_FAILED", message);
  }

  async #untilActive(stamps: Map<string, string>, factory: AirflowDag): Promise<void> {
    const pending = new Map(stamps);
    const { dagFactoryTimeoutMs } = this.#settings;
    const giveUpAt = performance.now() + dagFactoryTimeoutMs;
    while (true) {
      for await (const dag of this.#dagsOf(pending)) await this.#settle(dag, pending);
      if (pending.size === 0) return;
      const failure = await this.#importFailure(factory);
      if (failure !== undefined) throw new EngineError("ENGINE_FAILED", failure);
      if (performance.now() > giveUpAt) {
        const message = `Airflow has not parsed ${pending.size} of ${stamps.size} schedules within ${dagFactoryTimeoutMs} ms: is its dag-processor running?`;
        throw new EngineError("ENGINE_FAILED", message);
      }
      await sleep(LOOK_EVERY_MS);
    }
  }

  async *#dagsOf(pending: ReadonlyMap<string, string>): AsyncGenerator<AirflowDag> {
    if (pending.size > FEW) {
      yield* this.#api.dags(keyPrefix(this.#settings.prefix));
      return;
    }
    for (const key of [...pending.keys()]) {
      const dag = await this.#api.dag(key);
      if (dag !== undefined) yield dag;
    }
  }

  /** Takes a DAG off what is waited for, when it is parsed. */
  async #settle(dag: AirflowDag, pending: Map<string, string>): Promise<void> {
    const stamp = pending.get(dag.dag_id);
    if (stamp === undefined || !has(dag, stamp)) return;
    if (isBroken(dag)) {
      const why = dag.description ?? "no reason is told";
      throw new EngineError("ENGINE_FAILED", `Airflow cannot build the DAG ${dag.dag_id}: ${why}`);
    }
    if (dag.is_paused) await this.#api.setPaused(dag.dag_id, false);
    pending.delete(dag.dag_id);
  }

  /** Why the factory file does not import; `undefined` where it does. */
  async #importFailure(factory: AirflowDag | undefined): Promise<string | undefined> {
    const failures = await this.#api.importFailures();
    const failure = failures.find(({ filename, stack_trace: trace }) =>
      factory === undefined ? trace.includes("tidegate") : filename === factory.relative_fileloc,
    );
    return failure && `Airflow cannot import ${failure.filename}: ${failure.stack_trace}`;
  }
}

function has({ tags }: AirflowDag, name: string): boolean {
  return tags.some((tag) => tag.name === name);
}

function isBroken(dag: AirflowDag): boolean {
  return has(dag, BROKEN_TAG);
}
