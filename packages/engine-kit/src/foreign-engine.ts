import type { EngineCapabilities, EngineEntry, EngineSchedule, ScheduleEngine } from "@tidegate/core/engine";

/**
 * The definitions in a foreign scheduler, and how to change them. Every method is idempotent, since the
 * reconciler repeats it after a crash.
 */
export interface ForeignScheduler {
  /** Makes the scheduler's definitions match these schedules, whatever is there now. */
  register(schedules: readonly EngineSchedule[]): Promise<void>;
  /** Removes the definitions of these groups; missing ones are ignored. */
  unregister(groupIds: readonly string[]): Promise<void>;
  /** Returns the schedules that the scheduler fires as registered, ordered by group id. */
  list(): Promise<readonly EngineEntry[]>;
}

/** Dependencies of `ForeignEngine`. */
export interface ForeignEngineParts {
  /** The name by which schedules choose the engine. */
  readonly engineType: string;
  readonly finestPeriodMs: number;
  readonly scheduler: ForeignScheduler;
}

/**
 * An engine whose definitions live in a foreign scheduler and whose fires arrive through a manager's callback
 * route.
 *
 * It has nothing to start or stop: the scheduler fires by itself, need not be reachable when a manager
 * starts, and retries callbacks that no manager accepts.
 */
export class ForeignEngine implements ScheduleEngine {
  readonly engineType: string;
  readonly capabilities: EngineCapabilities;
  readonly #scheduler: ForeignScheduler;

  constructor({ engineType, finestPeriodMs, scheduler }: ForeignEngineParts) {
    this.engineType = engineType;
    this.#scheduler = scheduler;
    this.capabilities = {
      finestPeriodMs,
      holdsDefinitions: true,
    };
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  async handleRegister(schedules: readonly EngineSchedule[]): Promise<void> {
    if (schedules.length > 0) await this.#scheduler.register(schedules);
  }

  handleUpdate(schedules: readonly EngineSchedule[]): Promise<void> {
    return this.handleRegister(schedules);
  }

  async handleUnregister(groupIds: readonly string[]): Promise<void> {
    if (groupIds.length > 0) await this.#scheduler.unregister(groupIds);
  }

  async *list(): AsyncGenerator<EngineEntry> {
    yield* await this.#scheduler.list();
  }
}
