import { TOKENS } from "@tidegate/core";
import type { Clock } from "@tidegate/core/clock";
import type { ScheduleEngine } from "@tidegate/core/engine";
import type { ScheduleStore } from "@tidegate/core/store";
import { ContainerModule } from "inversify";

/**
 * Returns the module that adds an engine to a Tidegate, as a package's factory returns it.
 *
 * ```ts
 * export const myEngine = (options: MyOptions) => engineModule(({ clock }) => new MyEngine(options, clock));
 * ```
 *
 * @param create - called once, when the Tidegate needs the engine
 */
export function engineModule(
  create: (parts: { readonly clock: Clock; readonly store: ScheduleStore }) => ScheduleEngine,
): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(TOKENS.engine)
      .toDynamicValue((context) =>
        create({ clock: context.get(TOKENS.clock), store: context.get(TOKENS.store) }),
      )
      .inSingletonScope();
  });
}
