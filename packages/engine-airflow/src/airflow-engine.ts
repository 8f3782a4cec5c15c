import {
  type Clock,
  type EngineCapabilities,
  type EngineContext,
  type EngineEntry,
  type EngineSchedule,
  messageOf,
  type ScheduleEngine,
  SystemClock,
} from "@tidegate/core";
import { CallbackHandler } from "./callback/callback-handler.js";
import { type CallbackRequest, type CallbackResponse, refusal } from "./callback/callback-request.js";
import { type AirflowEngineOptions, type EngineSettings, keysOf, settingsOf } from "./options.js";
import { Registrar } from "./registrar.js";
import { AirflowApi } from "./rest/airflow-api.js";
import { AirflowRest } from "./rest/airflow-rest.js";

/**
 * Fires through Apache Airflow 3, shared by any number of managers. Schedules are registered over REST as Variables, from
 * which one file in Airflow's DAGs folder builds DAGs; their tasks knock at the callback door, behind which is
 * `handleCallback`.
 */
export class AirflowEngine implements ScheduleEngine {
  readonly engineType = "airflow";
  readonly capabilities: EngineCapabilities;
  readonly #settings: EngineSettings;
  readonly #clock: Clock;
  readonly #registrar: Registrar;
  #handler: CallbackHandler | undefined;

  /** @throws ConfigurationError CONFIGURATION_INVALID naming the option that is missing or out of range */
  constructor(options: AirflowEngineOptions, clock: Clock = new SystemClock()) {
    this.#settings = settingsOf(options);
    this.#clock = clock;
    this.#registrar = new Registrar(new AirflowApi(new AirflowRest(this.#settings)), this.#settings);
    this.capabilities = {
      finestPeriodMs: this.#settings.finestPeriodMs,
      holdsDefinitions: true,
      hasNativeCatchup: false,
      hasNativeBackfill: true,
    };
  }

  /** Begins to take callbacks. Airflow need not be there. */
  async start({ sink, events }: EngineContext): Promise<void> {
    this.#handler ??= new CallbackHandler({
      sink,
      clock: this.#clock,
      keys: keysOf(this.#settings.callback.secret),
      onTrouble: (error, groupId) => {
        const told = { code: "ENGINE_FAILED", message: messageOf(error) };
        events.emit("trouble", { where: "engine", groupId, error: told });
      },
    });
  }

  /** Resolves when no fire is under way. Airflow goes on to knock; its tasks repeat what is not taken. */
  async stop(): Promise<void> {
    const handler = this.#handler;
    this.#handler = undefined;
    await handler?.settled();
  }

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

  /**
   * The door: takes what a task of Airflow has posted. For the route of any framework that has the raw body.
   *
   * It answers 202 to a fire that was taken, 200 to one for which nothing was owed, 425 to one that came too early, 401
   * where the signature is wrong, 400 and 413 to what is no fire, and 503 when the ledger cannot take it now. Only the
   * last, and 425, are to be repeated.
   */
  async handleCallback(request: CallbackRequest): Promise<CallbackResponse> {
    if (this.#handler === undefined) return refusal(503, "NOT_RUNNING", "The engine is not started.");
    return this.#handler.handle(request);
  }
}
