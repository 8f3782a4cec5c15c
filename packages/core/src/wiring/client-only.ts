import { Container } from "inversify";
import type { ScheduleEngine } from "../engine/engine.js";
import { EngineClient } from "../upkeep/engine-client.js";
import { isModule } from "./parts.js";
import { TOKENS } from "./tokens.js";

/**
 * Returns the client for which a part of `engineClients` stands: an engine's, if it is an engine or a module
 * that binds one. Anything else is returned as it is.
 *
 * @param container - has what the module injects; it does not get the engine, which would be started
 */
export function clientOnly(container: Container, part: unknown): unknown {
  if (isEngine(part)) return new EngineClient(part);
  if (!isModule(part)) return part;
  const apart = new Container({ parent: container });
  apart.load(part);
  return apart.isCurrentBound(TOKENS.engine) ? new EngineClient(apart.get(TOKENS.engine)) : part;
}

function isEngine(part: unknown): part is ScheduleEngine {
  return typeof part === "object" && part !== null && "engineType" in part && "handleRegister" in part;
}
