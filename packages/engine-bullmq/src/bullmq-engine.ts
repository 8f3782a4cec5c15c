import { randomUUID } from "node:crypto";
import {
  type Clock,
  type EngineCapabilities,
  type EngineContext,
  type EngineEntry,
  type EngineSchedule,
  type ScheduleEngine,
  SystemClock,
} from "@tidegate/core";
import { openImpatient, type RedisClient } from "./connection.js";
import { Firing } from "./firing.js";
import { type BullmqEngineOptions, type EngineSettings, settingsOf } from "./options.js";
import { ScheduleTable } from "./schedule-table.js";

/**
 * Fires through BullMQ on Redis, shared by any number of managers. Redis holds when each schedule is due; one process
 * looks for what is, and calls for workers by BullMQ jobs; the workers of all managers take batches of fires under a
 * lease and hand them to the ledger.
 */
export class BullmqEngine implements ScheduleEngine {
  readonly engineType = "bullmq";
  readonly capabilities: EngineCapabilities = {
    finestPeriodMs: 100,
    holdsDefinitions: true,
    hasNativeCatchup: true,
    hasNativeBackfill: false,
  };
  readonly #settings: EngineSettings;
  readonly #clock: Clock;
  readonly #owner = randomUUID();
  #client: RedisClient | undefined;
  #table: ScheduleTable | undefined;
  #firing: Firing | undefined;
  /** Tells of troubles once started; before, the one who calls a handler is told. */
  #onTrouble: (error: unknown) => void = () => {};

  /** @throws ConfigurationError CONFIGURATION_INVALID naming the option that is out of range */
  constructor(options: BullmqEngineOptions, clock: Clock = new SystemClock()) {
    this.#settings = settingsOf(options);
    this.#clock = clock;
  }

  /**
   * Begins to fire. Resolves without Redis as well: the engine goes on by itself when it can be reached, and the trouble
   * is told by events.
   */
  async start(context: EngineContext): Promise<void> {
    if (this.#firing !== undefined) return;
    const { table, client } = this.#open();
    this.#firing = new Firing({
      context,
      table,
      client,
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
    this.#client?.disconnect();
    this.#client = undefined;
    this.#table = undefined;
  }

  async handleRegister(schedules: readonly EngineSchedule[]): Promise<void> {
    if (schedules.length > 0) await this.#open().table.register(schedules);
  }

  handleUpdate(schedules: readonly EngineSchedule[]): Promise<void> {
    return this.handleRegister(schedules);
  }

  async handleUnregister(groupIds: readonly string[]): Promise<void> {
    if (groupIds.length > 0) await this.#open().table.unregister(groupIds);
  }

  async *list(): AsyncGenerator<EngineEntry> {
    yield* this.#open().table.list();
  }

  /** Handlers work before `start` as well, in a process that only registers; `stop` closes the connection. */
  #open(): { client: RedisClient; table: ScheduleTable } {
    if (this.#client === undefined || this.#table === undefined) {
      this.#client = openImpatient(this.#settings.connection);
      this.#client.on("error", (error) => this.#onTrouble(error));
      this.#table = new ScheduleTable(this.#client, this.#settings);
    }
    return { client: this.#client, table: this.#table };
  }
}
