import { type Clock, SystemClock } from "@tidegate/core/clock";
import { ForeignEngine } from "@tidegate/engine-kit";
import { type AirflowEngineOptions, type EngineSettings, settingsOf } from "./options.js";
import { Registrar } from "./registrar.js";
import { AirflowApi } from "./rest/airflow-api.js";
import { AirflowRest } from "./rest/airflow-rest.js";

/**
 * Fires through Apache Airflow 3, shared by any number of managers. Schedules are registered over REST as
 * Variables, from which one file in Airflow's DAGs folder builds DAGs. Their tasks call back a manager
 * (`@tidegate/manager`), which fires into the ledger.
 */
export class AirflowEngine extends ForeignEngine {
  readonly #settings: EngineSettings;

  /** @throws ConfigurationError CONFIGURATION_INVALID naming the option that is missing or out of range */
  constructor(options: AirflowEngineOptions, clock: Clock = new SystemClock()) {
    const settings = settingsOf(options);
    const api = new AirflowApi(new AirflowRest(settings, clock), clock);
    super({
      engineType: "airflow",
      finestPeriodMs: settings.finestPeriodMs,
      scheduler: new Registrar(api, settings, clock),
    });
    this.#settings = settings;
  }

  /** Returns the address of a group's DAG in Airflow, where people see its runs and their logs. */
  pageOf(groupId: string): string {
    const { url, names } = this.#settings;
    return `${url}/dags/${encodeURIComponent(names.nameOf(groupId))}`;
  }
}
