import { EngineError } from "@tidegate/core";
import { type Clock, pause } from "@tidegate/core/clock";
import type { EngineEntry, EngineSchedule } from "@tidegate/core/engine";
import type { ForeignScheduler } from "@tidegate/engine-kit";
import { definitionOf, entryOf, stampOf, versionOf } from "./definition.js";
import { Installation } from "./installation.js";
import { BROKEN_TAG, FACTORY_DAG_ID, FACTORY_TAG, groupIdOf, LISTING_TAG } from "./names.js";
import type { EngineSettings } from "./options.js";
import type { AirflowApi, AirflowDag, ImportFailure } from "./rest/airflow-api.js";
import { entryIdOf } from "./shard.js";
import { type DagEntries, Shards } from "./shards.js";

/** Shortest interval of checks whether Airflow has parsed what was registered, ms: there is no event for that. */
const LOOK_EVERY_MS = 300;

/** Longest interval of these checks, ms. */
const LOOK_LATEST_MS = 2_000;

/** Part of the time waited so far that passes before the next check: each takes processor time from a slow Airflow. */
const LATENESS = 0.25;

/** Maximum time that a running task may delay the deletion of its DAG, ms. */
const DELETE_WITHIN_MS = 20_000;

/** Longest time before a check whether what was removed stays away, ms. */
const STAYS_AWAY_LATEST_MS = 5_000;

/** Up to this many DAGs are checked one by one; more in a listing of all. */
const FEW = 5;

/** Entries to be held by the shards, and those that were there before. */
interface Written {
  readonly entries: DagEntries;
  readonly before: DagEntries;
  readonly call: number;
}

/** Keeps an entry in a Variable and a DAG for each schedule in Airflow. */
export class Registrar implements ForeignScheduler {
  readonly #api: AirflowApi;
  readonly #clock: Clock;
  readonly #installation: Installation;
  readonly #shards: Shards;
  readonly #settings: EngineSettings;
  #calls = 0;
  /** The last call for each DAG, so that an earlier call still in progress does not undo a later one. */
  readonly #lastCalls = new Map<string, number>();

  constructor(api: AirflowApi, settings: EngineSettings, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
    this.#installation = new Installation(api, settings);
    this.#shards = new Shards(api, settings.prefix);
    this.#settings = settings;
  }

  /**
   * Writes the schedules and waits until Airflow has parsed them and their DAGs are active. Entries that
   * another process overwrites meanwhile are written again.
   *
   * @throws EngineError ENGINE_FAILED if the factory file is not installed, does not import, or cannot build
   * one of these; or if it is not parsed in time
   */
  async register(schedules: readonly EngineSchedule[]): Promise<void> {
    const definitions = schedules.map((schedule) =>
      definitionOf(schedule, this.#settings, this.#clock.now()),
    );
    const stamps = new Map(definitions.map(({ dagId, stamp }) => [dagId, stamp]));
    const entries = new Map(definitions.map((definition) => [definition.dagId, entryOf(definition)]));
    const factory = await this.#factory();
    await this.#installation.put();
    if (!has(factory, LISTING_TAG)) await this.#installation.putShards();
    const call = this.#begin(entries.keys());
    const before = await this.#shards.change(entries);
    await this.#api.parse(factory);
    await this.#untilActive(stamps, { entries, before, call }, factory);
  }

  /**
   * Removes the schedules and their DAGs, and checks that they stay away: another process may have written
   * back what it had read before.
   *
   * @throws EngineError ENGINE_FAILED if they keep coming back
   */
  async unregister(groupIds: readonly string[]): Promise<void> {
    const dagIds = [...new Set(groupIds.map((groupId) => this.#settings.names.nameOf(groupId)))];
    const call = this.#begin(dagIds);
    const { dagFactoryTimeoutMs } = this.#settings;
    const giveUpAt = this.#clock.now() + dagFactoryTimeoutMs;
    const removed = new Map<string, string>();
    let there = dagIds;
    while (there.length > 0) {
      const begunAt = this.#clock.now();
      for (const [dagId, entry] of await this.#remove(there)) removed.set(dagId, entry);
      // An Airflow that is slow to remove them is slow to take what another process writes back.
      const tookMs = this.#clock.now() - begunAt;
      await pause(this.#clock, Math.min(Math.max(LOOK_EVERY_MS, tookMs), STAYS_AWAY_LATEST_MS));
      const held = await this.#shards.read(dagIds);
      // A different entry was registered anew by another process.
      const isBack = (dagId: string) => held.has(dagId) && held.get(dagId) === removed.get(dagId);
      there = dagIds.filter((dagId) => this.#isLast(dagId, call) && isBack(dagId));
      if (there.length > 0 && this.#clock.now() > giveUpAt) {
        const message = `${there.length} of ${dagIds.length} schedules were written back for ${dagFactoryTimeoutMs} ms: are there managers with another state?`;
        throw new EngineError("ENGINE_FAILED", message);
      }
    }
    for (const dagId of dagIds) if (this.#isLast(dagId, call)) this.#lastCalls.delete(dagId);
  }

  /**
   * Returns the schedules that Airflow fires, ordered by group id: those whose entry is unaltered and whose
   * DAG is built from it and active. Returns none if something is missing that all of them need.
   */
  async list(): Promise<EngineEntry[]> {
    await this.#installation.put();
    if (!(await this.#installation.isThere())) return [];
    const held = await this.#shards.all();
    const entries: EngineEntry[] = [];
    for await (const dag of this.#api.dags(this.#settings.names.prefix)) {
      const stamp = stampOf(held.get(entryIdOf(dag.dag_id)) ?? "");
      if (stamp === undefined || !has(dag, stamp) || dag.is_paused || isBroken(dag)) continue;
      entries.push({ groupId: groupIdOf(dag.dag_display_name), version: versionOf(stamp)! });
    }
    return entries.sort((a, b) => (a.groupId < b.groupId ? -1 : 1));
  }

  #begin(dagIds: Iterable<string>): number {
    this.#calls += 1;
    for (const dagId of dagIds) this.#lastCalls.set(dagId, this.#calls);
    return this.#calls;
  }

  #isLast(dagId: string, call: number): boolean {
    return this.#lastCalls.get(dagId) === call;
  }

  /** Removes entries and DAGs. @returns the entries that were there */
  async #remove(dagIds: readonly string[]): Promise<DagEntries> {
    // Pause them first, so that they stay silent even while a running task delays the deletion.
    for (const dagId of dagIds) await this.#api.setPaused(dagId, true);
    const removed = await this.#shards.change(new Map(dagIds.map((dagId) => [dagId, null])));
    for (const dagId of dagIds) await this.#api.deleteDag(dagId, DELETE_WITHIN_MS);
    return removed;
  }

  async #factory(): Promise<AirflowDag> {
    const factory = await this.#api.dag(FACTORY_DAG_ID);
    if (factory !== undefined && has(factory, FACTORY_TAG)) return factory;
    const failed = await this.#importFailure(factory);
    if (failed !== undefined) throw importError(failed);
    const message =
      factory === undefined
        ? "Tidegate's DAG factory is not in Airflow's DAGs folder, or not parsed yet: put it there with " +
          "`npx tidegate-engine-airflow dag-factory --into <folder>`."
        : "Tidegate's DAG factory in Airflow's DAGs folder is of another version: put this one in its place with " +
          "`npx tidegate-engine-airflow dag-factory --into <folder>`.";
    throw new EngineError("ENGINE_FAILED", message);
  }

  async #untilActive(stamps: DagEntries, written: Written, factory: AirflowDag): Promise<void> {
    const pending = new Map(stamps);
    const { dagFactoryTimeoutMs } = this.#settings;
    const begunAt = this.#clock.now();
    const giveUpAt = begunAt + dagFactoryTimeoutMs;
    let failedBefore: ImportFailure | undefined;
    while (true) {
      for await (const dag of this.#dagsOf(pending)) await this.#settle(dag, pending);
      const again = await this.#writeAgain(written);
      if (pending.size === 0 && again.size === 0) return;
      const failed = await this.#importFailure(factory);
      // Report only a second failure: before 3.2 a parse may fail because DAGs are deleted meanwhile, and the
      // next one succeeds.
      const isFirst = failed !== undefined && failedBefore === undefined;
      if (failed !== undefined && !isFirst && failed.timestamp !== failedBefore?.timestamp) {
        throw importError(failed);
      }
      failedBefore = failed;
      if ((await this.#installation.enlist()) || again.size > 0 || isFirst) await this.#api.parse(factory);
      for (const dagId of again.keys()) pending.set(dagId, stamps.get(dagId)!);
      if (this.#clock.now() > giveUpAt) {
        if (failed !== undefined) throw importError(failed);
        const message = `Airflow has not parsed ${pending.size} of ${stamps.size} schedules within ${dagFactoryTimeoutMs} ms: is its dag-processor running?`;
        throw new EngineError("ENGINE_FAILED", message);
      }
      // Random, so that processes that overwrite one another drift apart.
      await pause(this.#clock, nextLookIn(this.#clock.now() - begunAt) * (0.5 + Math.random()));
    }
  }

  /** Restores entries that are gone from their shards, or are again what they were before. @returns these */
  async #writeAgain({ entries, before, call }: Written): Promise<DagEntries> {
    const held = await this.#shards.read([...entries.keys()]);
    const isLost = ([dagId, entry]: [string, string]) => {
      const now = held.get(dagId);
      return now !== entry && (now === undefined || now === before.get(dagId)) && this.#isLast(dagId, call);
    };
    const lost = new Map([...entries].filter(isLost));
    if (lost.size > 0) await this.#shards.change(lost);
    return lost;
  }

  async *#dagsOf(pending: ReadonlyMap<string, string>): AsyncGenerator<AirflowDag> {
    if (pending.size > FEW) {
      yield* this.#api.dags(this.#settings.names.prefix);
      return;
    }
    for (const dagId of [...pending.keys()]) {
      const dag = await this.#api.dag(dagId);
      if (dag !== undefined) yield dag;
    }
  }

  /** Removes a DAG from the pending ones once it is parsed. */
  async #settle(dag: AirflowDag, pending: Map<string, string>): Promise<void> {
    const stamp = pending.get(dag.dag_id);
    if (stamp === undefined || dag.is_stale || !has(dag, stamp)) return;
    if (isBroken(dag)) {
      const why = dag.description ?? "no reason is told";
      throw new EngineError("ENGINE_FAILED", `Airflow cannot build the DAG ${dag.dag_id}: ${why}`);
    }
    if (dag.is_paused) await this.#api.setPaused(dag.dag_id, false);
    pending.delete(dag.dag_id);
  }

  /** Returns why the factory file does not import; `undefined` if it does. */
  async #importFailure(factory: AirflowDag | undefined): Promise<ImportFailure | undefined> {
    const failures = await this.#api.importFailures();
    return failures.find(({ filename, stack_trace: trace }) =>
      factory === undefined ? trace.includes("tidegate") : isAt(filename, factory.relative_fileloc ?? ""),
    );
  }
}

function nextLookIn(waitedMs: number): number {
  return Math.min(Math.max(LOOK_EVERY_MS, waitedMs * LATENESS), LOOK_LATEST_MS);
}

function importError({ filename, stack_trace: trace }: ImportFailure): EngineError {
  return new EngineError("ENGINE_FAILED", `Airflow cannot import ${filename}: ${trace}`);
}

function has({ tags }: AirflowDag, name: string): boolean {
  return tags.some((tag) => tag.name === name);
}

/** Returns whether a file is the one at this place in its folder. Airflow 3.0 gives its full path. */
function isAt(filename: string, place: string): boolean {
  return filename === place || filename.endsWith(`/${place}`);
}

function isBroken(dag: AirflowDag): boolean {
  return has(dag, BROKEN_TAG);
}
