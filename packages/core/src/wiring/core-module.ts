import { ContainerModule, type ServiceIdentifier } from "inversify";
import { ScheduleClient } from "../client/schedule-client.js";
import type { Clock } from "../clock/clock.js";
import { FleetClock } from "../clock/fleet-clock.js";
import { SystemClock } from "../clock/system-clock.js";
import { createEmitter } from "../events/events.js";
import { assemble, type Services } from "./assemble.js";
import { checkSettings } from "./settings.js";
import { type TidegateSettings, TOKENS } from "./tokens.js";

/** Core's own parts, made from the plugins when they are first asked for. */
export const SERVICES = Symbol.for("tidegate.services") as ServiceIdentifier<Services>;

/**
 * Returns the module that binds all of core except the parts that packages provide: store, engines,
 * operators. For users of InversifyJS with their own container; see `Tidegate`.
 *
 * @throws ConfigurationError CONFIGURATION_INVALID with the path of the first offending setting
 */
export function tidegateModule(
  settings: TidegateSettings = {},
  machine: Clock = new SystemClock(),
): ContainerModule {
  checkSettings(settings);
  return new ContainerModule(({ bind }) => {
    const clock = new FleetClock(machine);
    const emitter = createEmitter(machine);
    bind(TOKENS.settings).toConstantValue(settings);
    bind(TOKENS.clock).toConstantValue(clock);
    bind(TOKENS.emitter).toConstantValue(emitter);
    bind(SERVICES)
      .toDynamicValue((context) => {
        const all = <T>(token: ServiceIdentifier<T>): T[] => context.getAll(token, { optional: true });
        const plugins = {
          store: context.get(TOKENS.store),
          engines: all(TOKENS.engine),
          engineClients: all(TOKENS.engineClient),
          operators: all(TOKENS.operator),
          gates: all(TOKENS.gate),
          probes: all(TOKENS.probe),
          offsetProviders: all(TOKENS.offsetProvider),
          // Looked up when it is used, so that a binding of the user's takes effect.
          sink: () => context.get(TOKENS.fireSink),
        };
        return assemble({ ...plugins, clock, machine, emitter }, settings);
      })
      .inSingletonScope();
    // Engines may inject it, so it must not need them.
    bind(TOKENS.fireSink)
      .toDynamicValue((context) => ({ fire: (fires) => context.get(SERVICES).planner.fire(fires) }))
      .inSingletonScope();
    bind(ScheduleClient).toDynamicValue((context) => context.get(SERVICES).client);
  });
}
