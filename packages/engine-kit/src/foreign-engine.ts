import type { EngineCapabilities, EngineEntry, EngineSchedule, ScheduleEngine } from "@tidegate/core";

/**
 * The definitions that a foreign scheduler holds, and how to change them. Every method is idempotent, since the reconciler
 * repeats them after a crash.
 */
export interface ForeignScheduler {
  /** Makes the scheduler's definitions what these schedules say, whatever is there now. */
  register(schedules: readonly EngineSchedule[]): Promise<void>;
  /** Removes the definitions of these groups; one that is not there is fine. */
  unregister(groupIds: readonly string[]): Promise<void>;
  /** The schedules that the scheduler fires as they were registered, ordered by group id. */
  list(): Promise<readonly EngineEntry[]>;
}

/** Parts of an engine on a foreign scheduler. */
export interface ForeignEngineParts {
  /** The name by which schedules choose the engine. */
  readonly engineType: string;
  readonly finestPeriodMs: number;
  readonly scheduler: ForeignScheduler;
}

/**
 * An engine whose definitions live in a foreign scheduler and whose fires come through a manager's callback route.
 *
 * It has nothing to start and nothing to stop: the scheduler fires by itself, need not be reachable when a manager starts, and
 * repeats callbacks that no manager takes.
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
