import type { ScheduleEngine, ScheduleEngineClient } from "../engine/engine.js";
import { EngineError } from "../errors/errors.js";
import { EngineClient } from "./engine-client.js";

/** Finds the client that serves an engine: those that were given, then one for each engine in this process. */
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

  /** An engine's type as it calls itself: names are compared without regard to case. */
  typeOf(name: string): string {
    const isMeant = ({ engineType }: ScheduleEngine) => engineType.toLowerCase() === name.toLowerCase();
    return this.#engines.find(isMeant)?.engineType ?? name;
  }

  /** Whether there is a client that serves an engine. */
  has(engineType: string): boolean {
    return this.#clients.some((candidate) => candidate.accept(engineType));
  }

  /** @throws EngineError ENGINE_UNKNOWN naming those that are known */
  clientOf(engineType: string): ScheduleEngineClient {
    const client = this.#clients.find((candidate) => candidate.accept(engineType));
    if (client !== undefined) return client;
    const known = this.#engines.map((engine) => engine.engineType).join(", ") || "none";
    throw new EngineError("ENGINE_UNKNOWN", `No engine "${engineType}" is registered; known: ${known}.`, {
      field: "engine",
    });
  }
}
