import type {
  EngineCapabilities,
  EngineContext,
  EngineEntry,
  EngineSchedule,
  Fire,
  FireResult,
  ScheduleEngine,
} from "../../src/engine/engine.js";

/** The answer to a fire, with the number of runs in place of these. */
export type Fired = Omit<FireResult, "runs"> & { readonly planned: number };

/** An engine that fires only when the test makes it, and holds definitions as one of a foreign scheduler does. */
export class ManualEngine implements ScheduleEngine {
  readonly engineType: string;
  readonly capabilities: EngineCapabilities;
  /** What it holds: versions by group. */
  readonly held = new Map<string, number>();
  /** What it was told, in order, such as `register g@1`. */
  readonly calls: string[] = [];
  /** While set, every handler rejects with it. */
  failure: Error | undefined;
  #context: EngineContext | undefined;

  get context(): EngineContext | undefined {
    return this.#context;
  }

  constructor(options: Partial<EngineCapabilities> & { readonly engineType?: string } = {}) {
    const { engineType = "manual", ...capabilities } = options;
    this.engineType = engineType;
    this.capabilities = {
      finestPeriodMs: 1_000,
      holdsDefinitions: true,
      ...capabilities,
    };
  }

  async start(context: EngineContext): Promise<void> {
    this.#context = context;
  }

  async stop(): Promise<void> {
    this.#context = undefined;
  }

  /** Fires a group for each of these nominal times, all in one batch. */
  async fire(groupId: string, ...scheduledTimes: readonly number[]): Promise<Fired[]> {
    return this.fireMany(scheduledTimes.map((scheduledTime) => ({ groupId, scheduledTime })));
  }

  async fireMany(fires: readonly Fire[]): Promise<Fired[]> {
    if (this.#context === undefined) throw new Error("The engine was not started.");
    const results = await this.#context.sink.fire(fires);
    return results.map(({ groupId, outcome, runs, nextFireAt }) => {
      return { groupId, outcome, planned: runs.length, nextFireAt };
    });
  }

  async handleRegister(schedules: readonly EngineSchedule[]): Promise<void> {
    this.#hold("register", schedules);
  }

  async handleUpdate(schedules: readonly EngineSchedule[]): Promise<void> {
    this.#hold("update", schedules);
  }

  async handleUnregister(groupIds: readonly string[]): Promise<void> {
    this.calls.push(...groupIds.map((groupId) => `unregister ${groupId}`));
    if (this.failure !== undefined) throw this.failure;
    for (const groupId of groupIds) this.held.delete(groupId);
  }

  async *list(): AsyncGenerator<EngineEntry> {
    const entries = [...this.held].map(([groupId, version]) => ({ groupId, version }));
    yield* entries.sort((a, b) => (a.groupId < b.groupId ? -1 : 1));
  }

  #hold(verb: string, schedules: readonly EngineSchedule[]): void {
    this.calls.push(...schedules.map(({ groupId, version }) => `${verb} ${groupId}@${version}`));
    if (this.failure !== undefined) throw this.failure;
    for (const { groupId, version } of schedules) this.held.set(groupId, version);
  }
}
