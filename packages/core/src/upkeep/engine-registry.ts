import type { ScheduleEngine, ScheduleEngineClient } from "../engine/engine.js";
import { EngineError } from "../errors/errors.js";
import { EngineClient } from "./engine-client.js";

/**
 * Finds the client of an engine: first among the given clients, then among the engines in this process.
 */
export class EngineRegistry {
  /** The engine of schedules that name none: the first in this process, or else that of the first client. */
  readonly defaultType: string | undefined;
  readonly #clients: readonly ScheduleEngineClient[];

  constructor(engines: readonly ScheduleEngine[], clients: readonly ScheduleEngineClient[]) {
    this.defaultType = (engines[0] ?? clients[0])?.engineType;
    this.#clients = [...clients, ...engines.map((engine) => new EngineClient(engine))];
  }

  /** One client for each engine. */
  get clients(): readonly ScheduleEngineClient[] {
    return this.#clients.filter((client) => this.#find(client.engineType) === client);
  }

  /** Returns an engine's type in its own spelling: names are compared case-insensitively. */
  typeOf(name: string): string {
    return this.#find(name)?.engineType ?? name;
  }

  /** Returns whether there is a client for an engine. */
  has(engineType: string): boolean {
    return this.#find(engineType) !== undefined;
  }

  /**
   * Returns the client of an engine.
   *
   * @throws EngineError ENGINE_UNKNOWN naming the known ones
   */
  clientOf(engineType: string): ScheduleEngineClient {
    const client = this.#find(engineType);
    if (client !== undefined) return client;
    const known = this.clients.map((each) => each.engineType).join(", ") || "none";
    throw new EngineError("ENGINE_UNKNOWN", `No engine "${engineType}" is registered; known: ${known}.`, {
      field: "engine",
    });
  }

  #find(engineType: string): ScheduleEngineClient | undefined {
    return this.#clients.find((candidate) => candidate.accept(engineType));
  }
}
