import { type Clock, SystemClock } from "@tidegate/core/clock";
import { ForeignEngine } from "@tidegate/engine-kit";
import { type DolphinSchedulerEngineOptions, settingsOf } from "./options.js";
import { Registrar } from "./registrar.js";
import { DolphinApi } from "./rest/dolphin-api.js";
import { DolphinRest } from "./rest/dolphin-rest.js";

/**
 * Fires through Apache DolphinScheduler, shared by any number of managers. Schedules are registered over REST
 * as workflows of one task, which calls back a manager (`@tidegate/manager`).
 */
export class DolphinSchedulerEngine extends ForeignEngine {
  /** @throws ConfigurationError CONFIGURATION_INVALID naming the option that is missing or out of range */
  constructor(options: DolphinSchedulerEngineOptions, clock: Clock = new SystemClock()) {
    const settings = settingsOf(options);
    const api = new DolphinApi(new DolphinRest(settings), settings);
    super({
      engineType: "dolphinscheduler",
      finestPeriodMs: settings.finestPeriodMs,
      scheduler: new Registrar(api, settings, clock),
    });
  }
}
