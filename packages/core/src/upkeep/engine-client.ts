import type {
  EngineCapabilities,
  EngineEntry,
  EngineSchedule,
  ScheduleEngine,
  ScheduleEngineClient,
} from "../engine/engine.js";

/** The client of an engine in this process; forwards every call to it. */
export class EngineClient implements ScheduleEngineClient {
  readonly #engine: ScheduleEngine;

  constructor(engine: ScheduleEngine) {
    this.#engine = engine;
  }

  get capabilities(): EngineCapabilities {
    return this.#engine.capabilities;
  }

  accept(engineType: string): boolean {
    return engineType.toLowerCase() === this.#engine.engineType.toLowerCase();
  }

  register(schedules: readonly EngineSchedule[]): Promise<void> {
    return this.#engine.handleRegister(schedules);
  }

  unregister(groupIds: readonly string[]): Promise<void> {
    return this.#engine.handleUnregister(groupIds);
  }

  update(schedules: readonly EngineSchedule[]): Promise<void> {
    return this.#engine.handleUpdate(schedules);
  }

  list(): AsyncIterable<EngineEntry> {
    return this.#engine.list();
  }
}
