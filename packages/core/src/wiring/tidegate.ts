import { Container, type ContainerModule } from "inversify";
import { Lifecycle } from "../client/lifecycle.js";
import { ScheduleClient } from "../client/schedule-client.js";
import type { Clock } from "../clock/clock.js";
import { Dispatcher } from "../dispatch/dispatcher.js";
import type { FireMoved, ScheduleEngine } from "../engine/engine.js";
import { ConfigurationError } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { Gate } from "../gate/gate.js";
import { Gatekeeper } from "../gates/gatekeeper.js";
import { Intake } from "../intake/intake.js";
import type { ScheduleOperator } from "../operator/operator.js";
import { unfitOption } from "../options/parse-options.js";
import { Backfiller } from "../planning/backfiller.js";
import { IntervalPlanner } from "../planning/planner.js";
import { BUILT_IN_GATES, GATE_TYPE } from "../schedule/gates-of.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { ClockKeeper } from "../upkeep/clock-keeper.js";
import { EngineRegistry } from "../upkeep/engine-registry.js";
import { Reconciler } from "../upkeep/reconciler.js";
import { Watchdog } from "../upkeep/watchdog.js";
import { OPERATORS, SIGNALS, tidegateModule } from "./core-module.js";
import { loadParts, type PartKind } from "./parts.js";
import { type TidegateSettings, TOKENS } from "./tokens.js";

/** Options of `createTidegate`. Each part is an object, or the module that a package's factory returns. */
export interface TidegateOptions extends TidegateSettings {
  readonly store: ScheduleStore | ContainerModule;
  /** The first is the default of schedules that name none. */
  readonly engines: readonly (ScheduleEngine | ContainerModule)[];
  /** The first is the default of schedules that name none. */
  readonly operators: readonly (ScheduleOperator | ContainerModule)[];
  /** Gates besides the built-in ones, which schedules use by their types. @default none */
  readonly gates?: readonly (Gate | ContainerModule)[];
  /** @default the machine's clock */
  readonly clock?: Clock;
}

/** A Tidegate instance: start it, use its client, stop it. */
export class Tidegate {
  /** The container with all parts, for callers who bind or resolve more. */
  readonly container: Container;
  #isStarted = false;
  /** The start in progress; `stop()` awaits it. */
  #starting: Promise<void> | undefined;
  /** The stop in progress; concurrent `stop()` and `start()` await it. */
  #stopping: Promise<void> | undefined;

  /**
   * Creates an instance over a container loaded with `tidegateModule` and the modules of a store, engines and
   * operators. `createTidegate` does this with its own container.
   *
   * ```ts
   * container.load(tidegateModule(), sqliteStore({ path: "tidegate.db" }), embeddedEngine(), duckdbOperator());
   * const tidegate = new Tidegate(container);
   * ```
   *
   * @throws ConfigurationError CONFIGURATION_INVALID if there is no store, engine or operator, or two of one
   *   type, also of gates
   */
  constructor(container: Container) {
    if (!container.isBound(TOKENS.store)) {
      throw new ConfigurationError("CONFIGURATION_INVALID", "store: one is needed.", { field: "store" });
    }
    const optional = { optional: true } as const;
    const engines = container.getAll(TOKENS.engine, optional).map(({ engineType }) => engineType);
    requireDistinct("engines", engines);
    const operators = container.getAll(TOKENS.operator, optional).map(({ operatorType }) => operatorType);
    requireDistinct("operators", operators);
    requireOwnTypes(container.getAll(TOKENS.gate, optional));
    this.container = container;
  }

  /** Registers schedules and reports on their runs. Usable once started. */
  get client(): ScheduleClient {
    return this.container.get(ScheduleClient);
  }

  /** Takes the callbacks of foreign schedulers. Usable once started. */
  get intake(): Intake {
    return this.container.get(Intake);
  }

  /** Typed events of this instance. */
  get events(): TidegateEmitter {
    return this.container.get(TOKENS.emitter);
  }

  /**
   * Opens the store, starts operators and engines, resumes runs left by a crash, and fires what is due.
   *
   * @throws StoreError if the store cannot be opened; ConfigurationError CLOCK_SKEWED if this machine's clock
   *   is too far from the store's; EngineError, OperatorError from parts that cannot start
   */
  start(): Promise<void> {
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  /**
   * Stops firing, waits for active runs up to the dispatcher's drain time, and closes the store. If one part
   * cannot be stopped, the others still are.
   *
   * @throws the first error that stopping a part threw
   */
  async stop(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    this.#stopping ??= this.#stop().finally(() => {
      this.#stopping = undefined;
    });
    await this.#stopping;
  }

  /**
   * Compares the engines' listings with the store now rather than at the next pass, for example after a
   * scheduler was restored from a backup. By the time it resolves, differences are reported as
   * `engine-repaired` or `engine-differs` events and errors as `trouble` events.
   */
  reconcile(): Promise<void> {
    return this.container.get(Reconciler).reconcile();
  }

  async #start(): Promise<void> {
    await this.#stopping?.catch(() => undefined);
    if (this.#isStarted) return;
    await this.container.get(TOKENS.store).open(this.container.get(TOKENS.settings).namespace);
    this.#isStarted = true;
    try {
      await this.container.get(ClockKeeper).start();
      for (const operator of this.container.get(OPERATORS).values()) await operator.start?.();
      const planner = this.container.get(IntervalPlanner);
      planner.start();
      this.container.get(Lifecycle).start();
      this.container.get(Gatekeeper).start();
      this.container.get(Dispatcher).start();
      this.container.get(Backfiller).start();
      const sink = this.container.get(TOKENS.fireSink);
      for (const engine of this.container.get(EngineRegistry).engines)
        await engine.start({
          sink,
          events: this.events,
          onFireMoved: (listener) => this.#onFireMoved(listener),
        });
      this.container.get(Reconciler).start();
      this.container.get(Watchdog).start();
    } catch (error) {
      // The original error matters more than errors of this cleanup.
      await this.#stop().catch(() => undefined);
      throw error;
    }
  }

  #onFireMoved(listener: (moved: FireMoved) => void): () => void {
    const signals = this.container.get(SIGNALS);
    signals.on("fire-moved", listener);
    return () => signals.off("fire-moved", listener);
  }

  async #stop(): Promise<void> {
    if (!this.#isStarted) return;
    this.#isStarted = false;
    const { container } = this;
    await allOf([
      () => container.get(Watchdog).stop(),
      () => container.get(Reconciler).stop(),
      ...container.get(EngineRegistry).engines.map((engine) => () => engine.stop()),
      () => container.get(Backfiller).stop(),
      () => container.get(Gatekeeper).stop(),
      () => container.get(Dispatcher).stop(),
      () => container.get(Lifecycle).stop(),
      () => container.get(IntervalPlanner).stop(),
      ...[...container.get(OPERATORS).values()].map((operator) => () => operator.stop?.()),
      () => container.get(ClockKeeper).stop(),
      () => container.get(TOKENS.store).close(),
    ]);
  }
}

/** Runs all steps in order, even after one has failed. @throws the first error */
async function allOf(steps: readonly (() => Promise<void> | void)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/**
 * Creates a Tidegate instance.
 *
 * @throws ConfigurationError CONFIGURATION_INVALID with the field, if a setting is malformed or unknown, a
 *   part is not valid, there is no engine or no operator, or there are two of one type
 */
export function createTidegate(options: TidegateOptions): Tidegate {
  const { store, engines, operators, gates = [], clock, ...settings } = options;
  const container = new Container();
  container.load(tidegateModule(settings, clock));
  loadParts(container, STORE, [store]);
  loadParts(container, ENGINE, listOf("engines", engines));
  loadParts(container, OPERATOR, listOf("operators", operators));
  loadParts(container, GATE, listOf("gates", gates));
  return new Tidegate(container);
}

const STORE: PartKind<ScheduleStore> = {
  field: "store",
  token: TOKENS.store,
  members: ["open", "plan", "claim"],
  example: 'sqliteStore({ path: "tidegate.db" })',
};
const ENGINE: PartKind<ScheduleEngine> = {
  field: "engines",
  token: TOKENS.engine,
  members: ["engineType", "start", "handleRegister"],
  example: "embeddedEngine()",
};
const OPERATOR: PartKind<ScheduleOperator> = {
  field: "operators",
  token: TOKENS.operator,
  members: ["operatorType", "submit", "find", "wait", "cancel"],
  example: "duckdbOperator()",
};
const GATE: PartKind<Gate> = {
  field: "gates",
  token: TOKENS.gate,
  members: ["gateType", "check"],
  example: "maintenanceWindow()",
};

function listOf(field: string, parts: unknown): readonly unknown[] {
  if (Array.isArray(parts)) return parts;
  throw unfitOption("TidegateOptions", field, "must be a list");
}

/** Refuses gates whose types are malformed, taken twice, or those of built-in gates. */
function requireOwnTypes(gates: readonly Gate[]): void {
  const types = gates.map(({ gateType }) => gateType);
  const refuse = (problem: string): never => {
    throw new ConfigurationError("CONFIGURATION_INVALID", `gates: ${problem}.`, { field: "gates" });
  };
  for (const type of types) {
    if (!GATE_TYPE.test(type)) refuse(`"${type}" is not a type of 1 to 64 of letters, digits and _ . -`);
    if (BUILT_IN_GATES.includes(type)) refuse(`"${type}" is the type of a built-in gate`);
  }
  if (new Set(types).size < types.length) refuse(`two of one type (${types.join(", ")})`);
}

function requireDistinct(field: string, types: readonly string[]): void {
  const distinct = new Set(types.map((type) => type.toLowerCase()));
  if (types.length > 0 && distinct.size === types.length) return;
  const message = types.length === 0 ? "at least one is needed" : `two of one type (${types.join(", ")})`;
  throw new ConfigurationError("CONFIGURATION_INVALID", `${field}: ${message}.`, { field });
}
