import { randomUUID } from "node:crypto";
import { type Clock, SystemClock } from "@tidegate/core/clock";
import type { EngineCapabilities, EngineContext, EngineEntry, ScheduleEngine } from "@tidegate/core/engine";
import type { FiredSchedule } from "./definition.js";
import { Firing } from "./firing.js";
import { openServer } from "./open-server.js";
import { type BullmqEngineOptions, type EngineSettings, settingsOf } from "./options.js";
import type { ScheduleTable } from "./schedule-table.js";
import type { SharedServer } from "./shared-server.js";

/**
 * Fires through BullMQ, shared by any number of managers. A server, Redis or Postgres, holds when each
 * schedule is due; one process checks for due schedules, and calls workers by BullMQ jobs; the workers of all
 * managers take batches of fires under a lease and hand them to the ledger.
 */
export class BullmqEngine implements ScheduleEngine {
  readonly engineType = "bullmq";
  readonly capabilities: EngineCapabilities = {
    finestPeriodMs: 100,
    holdsDefinitions: true,
  };
  readonly #settings: EngineSettings;
  readonly #clock: Clock;
  readonly #owner = randomUUID();
  #server: Promise<SharedServer> | undefined;
  #firing: Firing | undefined;
  /** Reports errors once started; before that, the caller of a handler gets them. */
  #onTrouble: (error: unknown) => void = () => {};

  /** @throws ConfigurationError CONFIGURATION_INVALID naming the option that is out of range */
  constructor(options: BullmqEngineOptions, clock: Clock = new SystemClock()) {
    this.#settings = settingsOf(options);
    this.#clock = clock;
  }

  /**
   * Starts firing. Resolves even if the server is unreachable: the engine recovers by itself, and events
   * report the error.
   */
  async start(context: EngineContext): Promise<void> {
    if (this.#firing !== undefined) return;
    this.#firing = new Firing({
      engineType: this.engineType,
      context,
      server: await this.#open(),
      clock: this.#clock,
      owner: this.#owner,
      settings: this.#settings,
    });
    this.#onTrouble = this.#firing.onTrouble;
    await this.#firing.start();
  }

  async stop(): Promise<void> {
    await this.#firing?.stop();
    this.#firing = undefined;
    this.#onTrouble = () => {};
    const server = await this.#server;
    this.#server = undefined;
    await server?.close();
  }

  async handleRegister(schedules: readonly FiredSchedule[]): Promise<void> {
    if (schedules.length > 0) await (await this.#table()).register(schedules);
  }

  handleUpdate(schedules: readonly FiredSchedule[]): Promise<void> {
    return this.handleRegister(schedules);
  }

  async handleUnregister(groupIds: readonly string[]): Promise<void> {
    if (groupIds.length > 0) await (await this.#table()).unregister(groupIds);
  }

  async *list(): AsyncGenerator<EngineEntry> {
    yield* (await this.#table()).list();
  }

  async #table(): Promise<ScheduleTable> {
    return (await this.#open()).table;
  }

  /** Handlers also work before `start`, in a process that only registers; `stop` closes the connection. */
  #open(): Promise<SharedServer> {
    this.#server ??= openServer(this.#settings, (error) => this.#onTrouble(error));
    return this.#server;
  }
}
