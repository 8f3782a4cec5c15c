import { Container, type ContainerModule } from "inversify";
import type { ChangeFeed } from "../changes/change-feed.js";
import type { ScheduleClient } from "../client/schedule-client.js";
import type { Clock } from "../clock/clock.js";
import type { ScheduleEngine, ScheduleEngineClient } from "../engine/engine.js";
import { ConfigurationError } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { Gate } from "../gate/gate.js";
import type { Intake } from "../intake/intake.js";
import type { OffsetProvider } from "../offset/offset-provider.js";
import { SOURCE_TYPE } from "../offset/offset-providers.js";
import type { ScheduleOperator } from "../operator/operator.js";
import { unfitOption } from "../options/parse-options.js";
import type { ReadinessProbe } from "../probe/probe.js";
import { GATE_TYPE, isBuiltInGate } from "../schedule/gates-of.js";
import { PROBE_TYPE } from "../schedule/readiness.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { Services } from "./assemble.js";
import { clientOnly } from "./client-only.js";
import { SERVICES, tidegateModule } from "./core-module.js";
import { loadParts, type PartKind } from "./parts.js";
import { startAll, stopAll } from "./service.js";
import { type TidegateSettings, TOKENS } from "./tokens.js";

/** Options of `createTidegate`. Each part is an object, or the module that a package's factory returns. */
export interface TidegateOptions extends TidegateSettings {
  readonly store: ScheduleStore | ContainerModule;
  /** Engines that fire in this process. The first is the default of schedules that name none. */
  readonly engines?: readonly (ScheduleEngine | ContainerModule)[];
  /**
   * Engines that fire in other processes on the same store: here, schedules are only registered with them. An
   * engine or an engine's module stands for its client, and is never started. If there are no `engines`, the
   * first is the default of schedules that name none.
   *
   * @default none
   */
  readonly engineClients?: readonly (ScheduleEngineClient | ScheduleEngine | ContainerModule)[];
  /** The first is the default of schedules that name none. */
  readonly operators: readonly (ScheduleOperator | ContainerModule)[];
  /** Gates besides the built-in ones, which schedules use by their types. @default none */
  readonly gates?: readonly (Gate | ContainerModule)[];
  /** Probes that schedules use by their types in `ready`. @default none */
  readonly probes?: readonly (ReadinessProbe | ContainerModule)[];
  /** Providers of positions that schedules use by their types in `source`. @default none */
  readonly offsetProviders?: readonly (OffsetProvider | ContainerModule)[];
  /** @default the machine's clock */
  readonly clock?: Clock;
}

/** A Tidegate instance: start it, use its client, stop it. */
export class Tidegate {
  /** The container with all parts, for callers who bind or resolve more. */
  readonly container: Container;
  #isStarted = false;
  /** The start or stop that was asked for last, until it is done: the next of the other kind comes after it. */
  #last: { readonly isStart: boolean; readonly done: Promise<void> } | undefined;

  /**
   * Creates an instance over a container loaded with `tidegateModule` and the modules of a store, engines and
   * operators. `createTidegate` does this with its own container.
   *
   * ```ts
   * container.load(tidegateModule(), sqliteStore({ path: "tidegate.db" }), embeddedEngine(), duckdbOperator());
   * const tidegate = new Tidegate(container);
   * ```
   *
   * @throws ConfigurationError CONFIGURATION_INVALID if there is no store, no engine nor engine client, or no
   *   operator, or two of one type
   */
  constructor(container: Container) {
    if (!container.isBound(TOKENS.store)) {
      throw new ConfigurationError("CONFIGURATION_INVALID", "store: one is needed.", { field: "store" });
    }
    const optional = { optional: true } as const;
    const engines = container.getAll(TOKENS.engine, optional).map(({ engineType }) => engineType);
    const clients = container.getAll(TOKENS.engineClient, optional).map(({ engineType }) => engineType);
    const operators = container.getAll(TOKENS.operator, optional).map(({ operatorType }) => operatorType);
    if (clients.length === 0) requireOne("engines", engines);
    requireOne("operators", operators);
    requireDistinct("engines", engines);
    requireDistinct("engineClients", clients);
    requireDistinct("operators", operators);
    requireOwnTypes(container.getAll(TOKENS.gate, optional));
    const probes = container.getAll(TOKENS.probe, optional).map(({ probeType }) => probeType);
    requireTypes("probes", probes, PROBE_TYPE);
    const sources = container.getAll(TOKENS.offsetProvider, optional).map(({ sourceType }) => sourceType);
    requireTypes("offsetProviders", sources, SOURCE_TYPE);
    this.container = container;
  }

  /** Registers schedules and reports on their runs. Usable once started. */
  get client(): ScheduleClient {
    return this.#services.client;
  }

  /** Takes the callbacks of foreign schedulers. Usable once started. */
  get intake(): Intake {
    return this.#services.intake;
  }

  /** Changes that any manager on this store makes: reasons to read again. Usable once started. */
  get changes(): ChangeFeed {
    return this.#services.changes;
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
    return this.#inTurn(true, () => this.#start());
  }

  /**
   * Stops firing, waits for active runs up to the dispatcher's drain time, and closes the store. If one part
   * cannot be stopped, the others still are.
   *
   * @throws the first error that stopping a part threw
   */
  stop(): Promise<void> {
    return this.#inTurn(false, () => this.#stop());
  }

  /**
   * Compares the engines' listings with the store now rather than at the next pass, for example after a
   * scheduler was restored from a backup. By the time it resolves, differences are reported as
   * `engine-repaired` or `engine-differs` events and errors as `trouble` events.
   */
  reconcile(): Promise<void> {
    return this.#services.reconciler.reconcile();
  }

  /** Starts or stops after what was asked for before, however that ends; joins it if it is the same. */
  #inTurn(isStart: boolean, work: () => Promise<void>): Promise<void> {
    const before = this.#last;
    if (before?.isStart === isStart) return before.done;
    const done = Promise.resolve(before?.done)
      .catch(() => undefined)
      .then(work)
      .finally(() => {
        if (this.#last === last) this.#last = undefined;
      });
    const last = { isStart, done };
    this.#last = last;
    return done;
  }

  async #start(): Promise<void> {
    if (this.#isStarted) return;
    await startAll(this.#services.all);
    this.#isStarted = true;
  }

  async #stop(): Promise<void> {
    if (!this.#isStarted) return;
    this.#isStarted = false;
    await stopAll(this.#services.all);
  }

  get #services(): Services {
    return this.container.get(SERVICES);
  }
}

/**
 * Creates a Tidegate instance.
 *
 * ```ts
 * const tidegate = createTidegate({
 *   store: sqliteStore({ path: "tidegate.db" }),
 *   engines: [embeddedEngine()],
 *   operators: [functionOperator({ load: async ({ lower, upper }) => copy(lower, upper) })],
 * });
 * await tidegate.start();
 * const trigger = { type: "period", every: 1, unit: "hour" } as const;
 * await tidegate.client.ensure({ groupId: "orders", trigger, job: { function: "load" } });
 * ```
 *
 * @throws ConfigurationError CONFIGURATION_INVALID with the field, if a setting is malformed or unknown, a
 *   part is not valid, there is no engine nor engine client, or no operator, or there are two of one type
 */
export function createTidegate(options: TidegateOptions): Tidegate {
  const { store, engines = [], engineClients = [], operators, gates = [], probes = [], ...rest } = options;
  const { clock, offsetProviders = [], ...settings } = rest;
  const container = new Container();
  container.load(tidegateModule(settings, clock));
  loadParts(container, STORE, [store]);
  loadParts(container, ENGINE, listOf("engines", engines));
  const clients = listOf("engineClients", engineClients).map((part) => clientOnly(container, part));
  loadParts(container, ENGINE_CLIENT, clients);
  loadParts(container, OPERATOR, listOf("operators", operators));
  loadParts(container, GATE, listOf("gates", gates));
  loadParts(container, PROBE, listOf("probes", probes));
  loadParts(container, OFFSET_PROVIDER, listOf("offsetProviders", offsetProviders));
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
const ENGINE_CLIENT: PartKind<ScheduleEngineClient> = {
  field: "engineClients",
  token: TOKENS.engineClient,
  members: ["engineType", "accept", "register"],
  example: "bullmqEngine({ connection })",
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

const PROBE: PartKind<ReadinessProbe> = {
  field: "probes",
  token: TOKENS.probe,
  members: ["probeType", "check"],
  example: 'fileProbe({ root: "/data" })',
};

const OFFSET_PROVIDER: PartKind<OffsetProvider> = {
  field: "offsetProviders",
  token: TOKENS.offsetProvider,
  members: ["sourceType", "bounds", "compare"],
  example: 'filePositions({ root: "/data" })',
};

function listOf(field: string, parts: unknown): readonly unknown[] {
  if (Array.isArray(parts)) return parts;
  throw unfitOption("TidegateOptions", field, "must be a list");
}

function requireOne(field: string, types: readonly string[]): void {
  if (types.length === 0) throw unfit(field, "at least one is needed");
}

function requireDistinct(field: string, types: readonly string[]): void {
  const distinct = new Set(types.map((type) => type.toLowerCase()));
  if (distinct.size < types.length) throw unfit(field, `two of one type (${types.join(", ")})`);
}

/** Refuses gates whose types are malformed, taken twice, or those of built-in gates. */
function requireOwnTypes(gates: readonly Gate[]): void {
  const types = gates.map(({ gateType }) => gateType);
  for (const type of types) {
    if (!GATE_TYPE.test(type))
      throw unfit("gates", `"${type}" is not a type of 1 to 64 of letters, digits and _ . -`);
    if (isBuiltInGate(type)) throw unfit("gates", `"${type}" is the type of a built-in gate`);
  }
  requireDistinct("gates", types);
}

/** Refuses types of probes or providers that are malformed or taken twice. */
function requireTypes(field: string, types: readonly string[], form: RegExp): void {
  for (const type of types) {
    if (!form.test(type))
      throw unfit(field, `"${type}" is not a type of 1 to 48 of letters, digits and _ . -`);
  }
  requireDistinct(field, types);
}

function unfit(field: string, problem: string): ConfigurationError {
  return new ConfigurationError("CONFIGURATION_INVALID", `${field}: ${problem}.`, { field });
}
