import { Container, ContainerModule, type ServiceIdentifier } from "inversify";
import { Lifecycle } from "../client/lifecycle.js";
import { ScheduleClient } from "../client/schedule-client.js";
import type { Clock } from "../clock/clock.js";
import { Dispatcher } from "../dispatch/dispatcher.js";
import type { ScheduleEngine } from "../engine/engine.js";
import { EngineRegistry } from "../engine/engine-registry.js";
import { Reconciler } from "../engine/reconciler.js";
import { Watchdog } from "../engine/watchdog.js";
import { ConfigurationError } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import { Backfiller } from "../ledger/backfiller.js";
import { IntervalPlanner } from "../ledger/planner.js";
import type { ScheduleOperator } from "../operator/operator.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { coreModule, OPERATORS } from "./core-module.js";
import { type TidegateSettings, TOKENS } from "./tokens.js";

/** What `createTidegate` puts together. Each part is an object, or the module that a package's factory makes. */
export interface TidegateOptions extends TidegateSettings {
  readonly store: ScheduleStore | ContainerModule;
  /** The first is the default of schedules that name none. */
  readonly engines: readonly (ScheduleEngine | ContainerModule)[];
  /** The first is the default of schedules that name none. */
  readonly operators: readonly (ScheduleOperator | ContainerModule)[];
  /** @default the machine's clock */
  readonly clock?: Clock;
}

/** A running or stopped Tidegate: start it, use its client, stop it. */
export class Tidegate {
  /** The container with all parts, for who wants to bind or get more. */
  readonly container: Container;
  #isStarted = false;
  /** The start that is under way: who stops waits for it. */
  #starting: Promise<void> | undefined;

  constructor(container: Container) {
    this.container = container;
  }

  /** Registers schedules and tells of their runs. Usable once started. */
  get client(): ScheduleClient {
    return this.container.get(ScheduleClient);
  }

  /** What happens, as typed events. */
  get events(): TidegateEmitter {
    return this.container.get(TOKENS.emitter);
  }

  /**
   * Opens the store, starts operators and engines, takes up the runs that a crash left, and fires what is due.
   *
   * @throws StoreError when the store cannot be opened; EngineError, OperatorError from those that cannot start
   */
  start(): Promise<void> {
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  /** Stops firing, waits for active runs up to the dispatcher's drain time, and closes the store. */
  async stop(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    await this.#stop();
  }

  /**
   * Holds what engines list against the store now, and not only when the next pass comes, such as after a scheduler was
   * restored from a backup. What differs is an `engine-repaired` or `engine-differs` event by the time it resolves; what
   * goes wrong is a `trouble` event.
   */
  reconcile(): Promise<void> {
    return this.container.get(Reconciler).reconcile();
  }

  async #start(): Promise<void> {
    if (this.#isStarted) return;
    await this.container.get(TOKENS.store).open();
    this.#isStarted = true;
    try {
      for (const operator of this.container.get(OPERATORS).values()) await operator.start?.();
      const planner = this.container.get(IntervalPlanner);
      planner.start();
      this.container.get(Lifecycle).start();
      this.container.get(Dispatcher).start();
      this.container.get(Backfiller).start();
      const sink = this.container.get(TOKENS.fireSink);
      for (const engine of this.container.get(EngineRegistry).engines)
        await engine.start({ sink, events: this.events });
      this.container.get(Reconciler).start();
      this.container.get(Watchdog).start();
    } catch (error) {
      await this.#stop();
      throw error;
    }
  }

  async #stop(): Promise<void> {
    if (!this.#isStarted) return;
    this.#isStarted = false;
    await this.container.get(Watchdog).stop();
    await this.container.get(Reconciler).stop();
    for (const engine of this.container.get(EngineRegistry).engines) await engine.stop();
    await this.container.get(Backfiller).stop();
    await this.container.get(Dispatcher).stop();
    this.container.get(Lifecycle).stop();
    this.container.get(IntervalPlanner).stop();
    for (const operator of this.container.get(OPERATORS).values()) await operator.stop?.();
    await this.container.get(TOKENS.store).close();
  }
}

/**
 * Puts a Tidegate together.
 *
 * @throws ConfigurationError CONFIGURATION_INVALID when there is no engine or no operator, or two of one type
 */
export function createTidegate(options: TidegateOptions): Tidegate {
  const { store, engines, operators, clock, ...settings } = options;
  const container = new Container();
  container.load(coreModule(settings, clock));
  load(container, TOKENS.store, [store]);
  load(container, TOKENS.engine, engines);
  load(container, TOKENS.operator, operators);
  requireDistinct(
    "engines",
    container.getAll(TOKENS.engine).map(({ engineType }) => engineType),
  );
  requireDistinct(
    "operators",
    container.getAll(TOKENS.operator).map(({ operatorType }) => operatorType),
  );
  return new Tidegate(container);
}

function load<T>(
  container: Container,
  token: ServiceIdentifier<T>,
  parts: readonly (T | ContainerModule)[],
): void {
  for (const part of parts) {
    if (part instanceof ContainerModule) container.load(part);
    else container.bind(token).toConstantValue(part);
  }
}

function requireDistinct(field: string, types: readonly string[]): void {
  const distinct = new Set(types.map((type) => type.toLowerCase()));
  if (types.length > 0 && distinct.size === types.length) return;
  const message = types.length === 0 ? "at least one is needed" : `two of one type (${types.join(", ")})`;
  throw new ConfigurationError("CONFIGURATION_INVALID", `${field}: ${message}.`, { field });
}
