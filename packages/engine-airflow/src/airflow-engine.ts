import type { EngineCapabilities, EngineEntry, EngineSchedule, ScheduleEngine } from "@tidegate/core";
import { dagIdOf } from "./names.js";
import { type AirflowEngineOptions, type EngineSettings, settingsOf } from "./options.js";
import { Registrar } from "./registrar.js";
import { AirflowApi } from "./rest/airflow-api.js";
import { AirflowRest } from "./rest/airflow-rest.js";

/**
 * Fires through Apache Airflow 3, shared by any number of managers. Schedules are registered over REST in Variables, from
 * which one file in Airflow's DAGs folder builds DAGs; their tasks knock at the callback door of a manager
 * (`@tidegate/manager`), and it is that which fires into the ledger.
 */
export class AirflowEngine implements ScheduleEngine {
  readonly engineType = "airflow";
  readonly capabilities: EngineCapabilities;
  readonly #settings: EngineSettings;
  readonly #registrar: Registrar;

  /** @throws ConfigurationError CONFIGURATION_INVALID naming the option that is missing or out of range */
  constructor(options: AirflowEngineOptions) {
    const settings = settingsOf(options);
    this.#settings = settings;
    this.#registrar = new Registrar(new AirflowApi(new AirflowRest(settings)), settings);
    this.capabilities = {
      finestPeriodMs: settings.finestPeriodMs,
      holdsDefinitions: true,
      hasNativeCatchup: false,
      hasNativeBackfill: true,
    };
  }

  /** Has nothing to begin: Airflow fires, and need not be there now. */
  async start(): Promise<void> {}

  /** Has nothing to end. Airflow goes on to knock; its tasks repeat what no door takes. */
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

  /** The address of a group's DAG in Airflow, for people: its runs and their logs. */
  pageOf(groupId: string): string {
    const { url, prefix } = this.#settings;
    return `${url}/dags/${encodeURIComponent(dagIdOf(prefix, groupId))}`;
  }
}
