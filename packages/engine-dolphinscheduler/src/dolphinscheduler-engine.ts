import {
  type Clock,
  type EngineCapabilities,
  type EngineEntry,
  type EngineSchedule,
  type ScheduleEngine,
  SystemClock,
} from "@tidegate/core";
import { type DolphinSchedulerEngineOptions, settingsOf } from "./options.js";
import { Registrar } from "./registrar.js";
import { DolphinApi } from "./rest/dolphin-api.js";
import { DolphinRest } from "./rest/dolphin-rest.js";

/**
 * Fires through Apache DolphinScheduler, shared by any number of managers. Schedules are registered over REST as
 * workflows of one task, which knocks at the manager's callback door.
 */
export class DolphinSchedulerEngine implements ScheduleEngine {
  readonly engineType = "dolphinscheduler";
  readonly capabilities: EngineCapabilities;
  readonly #registrar: Registrar;

  /** @throws ConfigurationError CONFIGURATION_INVALID naming the option that is missing or out of range */
  constructor(options: DolphinSchedulerEngineOptions, clock: Clock = new SystemClock()) {
    const settings = settingsOf(options);
    const api = new DolphinApi(new DolphinRest(settings), settings);
    this.#registrar = new Registrar(api, settings, clock);
    this.capabilities = {
      finestPeriodMs: settings.finestPeriodMs,
      holdsDefinitions: true,
      hasNativeCatchup: false,
      hasNativeBackfill: true,
    };
  }

  /** Nothing begins here: fires come through the manager's door. DolphinScheduler need not be there. */
  async start(): Promise<void> {}

  /** DolphinScheduler goes on to knock; its tasks repeat what is not taken. */
  async stop(): Promise<void> {}

  async handleRegister(schedules: readonly EngineSchedule[]): Promise<void> {
    if (schedules.length > 0) await this.#registrar.register(schedules);
  }

  handleUpdate(schedules: readonly EngineSchedule[]): Promise<void> {
    return this.handleRegister(schedules);
  }

  async handleUnregister(groupIds: readonly string[]): Promise<void> {
    if (groupIds.length > 0) await this.#registrar.unregister(groupIds);
  }

  async *list(): AsyncGenerator<EngineEntry> {
    yield* await this.#registrar.list();
  }
}
