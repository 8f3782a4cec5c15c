import { ContainerModule } from "inversify";
import type { Clock } from "../clock/clock.js";
import type { EngineCapabilities, EngineEntry, ScheduleEngine } from "../engine/engine.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { TOKENS } from "./tokens.js";

/** Parts of a Tidegate instance that an engine may use. */
export interface EngineParts {
  readonly clock: Clock;
  readonly store: ScheduleStore;
}

/** An engine without what its definition already says. */
export interface EngineBody
  extends Pick<ScheduleEngine, "start" | "stop" | "handleRegister" | "handleUnregister">,
    Partial<Pick<ScheduleEngine, "handleUpdate" | "list">> {
  /** @default `handleRegister`, which replaces what the engine holds */
  readonly handleUpdate?: ScheduleEngine["handleUpdate"];
  /** @default nothing, which is right if `holdsDefinitions` is false */
  readonly list?: ScheduleEngine["list"];
}

/** An engine as its author defines it. */
export interface EngineDefinition {
  /** The name by which schedules choose the engine: 1 to 64 letters, digits, `_`, `.` or `-`. */
  readonly type: string;
  readonly capabilities: EngineCapabilities;
  /** Called once for each Tidegate instance, when that needs the engine. */
  readonly create: (parts: EngineParts) => EngineBody;
}

/**
 * Returns what `createTidegate` takes as an engine. A package exports a function that calls this with its
 * options:
 *
 * ```ts
 * export const myEngine = (options: MyOptions) =>
 *   defineEngine({
 *     type: "mine",
 *     capabilities: { finestPeriodMs: 1_000, holdsDefinitions: true },
 *     create: ({ clock }) => new MyTimers(options, clock),
 *   });
 * ```
 */
export function defineEngine({ type, capabilities, create }: EngineDefinition): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(TOKENS.engine)
      .toDynamicValue((context) => {
        const body = create({ clock: context.get(TOKENS.clock), store: context.get(TOKENS.store) });
        return completed({ type, capabilities }, body);
      })
      .inSingletonScope();
  });
}

function completed(
  { type, capabilities }: Pick<EngineDefinition, "type" | "capabilities">,
  body: EngineBody,
): ScheduleEngine {
  return {
    engineType: type,
    capabilities,
    start: (context) => body.start(context),
    stop: () => body.stop(),
    handleRegister: (schedules) => body.handleRegister(schedules),
    handleUpdate: (schedules) => body.handleUpdate?.(schedules) ?? body.handleRegister(schedules),
    handleUnregister: (groupIds) => body.handleUnregister(groupIds),
    list: () => body.list?.() ?? nothing(),
  };
}

async function* nothing(): AsyncGenerator<EngineEntry> {}
