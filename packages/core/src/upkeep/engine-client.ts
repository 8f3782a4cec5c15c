import type {
  EngineCapabilities,
  EngineEntry,
  EngineSchedule,
  ScheduleEngine,
  ScheduleEngineClient,
} from "../engine/engine.js";

/**
 * The client of an engine object, to which it forwards every call. Given to `engineClients`, it makes a
 * client of an engine that is never started, whose handlers reach where the engine's definitions are.
 */
export class EngineClient implements ScheduleEngineClient {
  readonly #engine: ScheduleEngine;

  constructor(engine: ScheduleEngine) {
    this.#engine = engine;
  }

  get engineType(): string {
    return this.#engine.engineType;
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

  stop(): Promise<void> {
    return this.#engine.stop();
  }
}
