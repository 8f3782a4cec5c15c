import type { ScheduleEngine, ScheduleEngineClient } from "../engine/engine.js";
import { EngineError } from "../errors/errors.js";
import { EngineClient } from "./engine-client.js";

/** Finds the client of an engine: first among the given clients, then among the engines in this process. */
export class EngineRegistry {
  readonly #engines: readonly ScheduleEngine[];
  readonly #clients: readonly ScheduleEngineClient[];

  constructor(engines: readonly ScheduleEngine[], clients: readonly ScheduleEngineClient[]) {
    this.#engines = engines;
    this.#clients = [...clients, ...engines.map((engine) => new EngineClient(engine))];
  }

  /** The engines that fire in this process. */
  get engines(): readonly ScheduleEngine[] {
    return this.#engines;
  }

  /** The engine of schedules that name none. */
  get defaultType(): string | undefined {
    return this.#engines[0]?.engineType;
  }

  /** Returns an engine's type in its own spelling: names are compared case-insensitively. */
  typeOf(name: string): string {
    const isMeant = ({ engineType }: ScheduleEngine) => engineType.toLowerCase() === name.toLowerCase();
    return this.#engines.find(isMeant)?.engineType ?? name;
  }

  /** Returns whether there is a client for an engine. */
  has(engineType: string): boolean {
    return this.#clients.some((candidate) => candidate.accept(engineType));
  }

  /**
   * Returns the client of an engine.
   *
   * @throws EngineError ENGINE_UNKNOWN naming the known ones
   */
  clientOf(engineType: string): ScheduleEngineClient {
    const client = this.#clients.find((candidate) => candidate.accept(engineType));
    if (client !== undefined) return client;
    const known = this.#engines.map((engine) => engine.engineType).join(", ") || "none";
    throw new EngineError("ENGINE_UNKNOWN", `No engine "${engineType}" is registered; known: ${known}.`, {
      field: "engine",
    });
  }
}
