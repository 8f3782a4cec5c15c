import { randomUUID } from "node:crypto";
import { ContainerModule, type ResolutionContext, type ServiceIdentifier } from "inversify";
import { BackfillControl } from "../client/backfill-control.js";
import { Lifecycle } from "../client/lifecycle.js";
import { Registration } from "../client/registration.js";
import { RunControl } from "../client/run-control.js";
import { ScheduleChanges } from "../client/schedule-changes.js";
import { ScheduleClient } from "../client/schedule-client.js";
import { SpecReader } from "../client/spec-reader.js";
import type { Clock } from "../clock/clock.js";
import { FleetClock } from "../clock/fleet-clock.js";
import { SystemClock } from "../clock/system-clock.js";
import { Dispatcher } from "../dispatch/dispatcher.js";
import { createEmitter } from "../events/events.js";
import { createSignals, type SignalEmitter } from "../events/signals.js";
import type { Gate } from "../gate/gate.js";
import { Gatekeeper } from "../gates/gatekeeper.js";
import { NotBeforeGate } from "../gates/not-before-gate.js";
import { Intake } from "../intake/intake.js";
import type { ScheduleOperator } from "../operator/operator.js";
import { Backfiller } from "../planning/backfiller.js";
import { IntervalPlanner } from "../planning/planner.js";
import { SpecCache } from "../planning/spec-cache.js";
import { signallingStore } from "../store/claimable-signal.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { ClockKeeper } from "../upkeep/clock-keeper.js";
import { EngineRegistry } from "../upkeep/engine-registry.js";
import { EngineOutbox } from "../upkeep/outbox.js";
import { Reconciler } from "../upkeep/reconciler.js";
import { Watchdog } from "../upkeep/watchdog.js";
import { checkSettings } from "./settings.js";
import { type TidegateSettings, TOKENS } from "./tokens.js";

/** The operators of a Tidegate instance by lower-case type. */
export const OPERATORS = Symbol.for("tidegate.operators") as ServiceIdentifier<
  ReadonlyMap<string, ScheduleOperator>
>;

/** The gates of a Tidegate instance by type, the built-in ones included. */
export const GATES = Symbol.for("tidegate.gates") as ServiceIdentifier<ReadonlyMap<string, Gate>>;

/** Signals between core's parts. */
export const SIGNALS = Symbol.for("tidegate.signals") as ServiceIdentifier<SignalEmitter>;

/** The store that core's parts write to; it signals when runs become claimable. */
const LEDGER = Symbol.for("tidegate.ledger") as ServiceIdentifier<ScheduleStore>;

/**
 * Returns the module that binds all of core except the parts that packages provide: store, engines,
 * operators. For users of InversifyJS with their own container; see `Tidegate`.
 *
 * @throws ConfigurationError CONFIGURATION_INVALID with the path of the first offending setting
 */
export function tidegateModule(
  settings: TidegateSettings = {},
  clock: Clock = new SystemClock(),
): ContainerModule {
  checkSettings(settings);
  const namespace = settings.namespace ?? "default";
  const owner = settings.owner ?? randomUUID();
  const ledger = (context: ResolutionContext) => ({
    store: context.get(LEDGER),
    clock: context.get(TOKENS.clock),
    emitter: context.get(TOKENS.emitter),
    signals: context.get(SIGNALS),
  });
  return new ContainerModule(({ bind }) => {
    const single = <T>(token: ServiceIdentifier<T>, make: (context: ResolutionContext) => T): void => {
      bind(token).toDynamicValue(make).inSingletonScope();
    };
    bind(TOKENS.settings).toConstantValue(settings);
    const fleetClock = new FleetClock(clock);
    bind(TOKENS.clock).toConstantValue(fleetClock);
    const emitter = createEmitter();
    bind(TOKENS.emitter).toConstantValue(emitter);
    bind(SIGNALS).toConstantValue(createSignals(emitter));
    single(LEDGER, (context) => {
      const signals = context.get(SIGNALS);
      return signallingStore(context.get(TOKENS.store), () => signals.emit("runs-claimable"));
    });
    single(ClockKeeper, (context) => {
      const { maxClockSkewMs: maxSkewMs = 10_000, refuseClockSkewMs: refusedSkewMs = 300_000 } = settings;
      const { store, emitter } = ledger(context);
      return new ClockKeeper({ clock: fleetClock, machine: clock, store, emitter, maxSkewMs, refusedSkewMs });
    });
    single(OPERATORS, (context) => byType(context.getAll(TOKENS.operator)));
    single(EngineRegistry, (context) => {
      const clients = context.getAll(TOKENS.engineClient, { optional: true });
      return new EngineRegistry(context.getAll(TOKENS.engine), clients);
    });
    single(SpecCache, (context) => new SpecCache(context.get(LEDGER), namespace));
    single(IntervalPlanner, (context) => {
      return new IntervalPlanner({ ...ledger(context), specs: context.get(SpecCache), namespace });
    });
    bind(TOKENS.fireSink).toService(IntervalPlanner);
    single(GATES, (context) => {
      const gates = [new NotBeforeGate(), ...context.getAll(TOKENS.gate, { optional: true })];
      return new Map(gates.map((gate) => [gate.gateType, gate]));
    });
    single(Gatekeeper, (context) => {
      const gates = context.get(GATES);
      const timeoutMs = settings.gateTimeoutMs ?? 30_000;
      return new Gatekeeper({ ...ledger(context), gates, specs: context.get(SpecCache), timeoutMs });
    });
    single(Dispatcher, (context) => {
      const operators = context.get(OPERATORS);
      const specs = context.get(SpecCache);
      const gatekeeper = context.get(Gatekeeper);
      return new Dispatcher({
        ...ledger(context),
        operators,
        specs,
        owner,
        options: settings.dispatcher ?? {},
        onNextLook: (at) => gatekeeper.lookAt(at),
      });
    });
    single(Backfiller, (context) => {
      return new Backfiller({ ...ledger(context), namespace, everyMs: settings.backfillEveryMs ?? 5_000 });
    });
    single(
      EngineOutbox,
      (context) => new EngineOutbox({ ...ledger(context), engines: context.get(EngineRegistry) }),
    );
    single(Reconciler, (context) => {
      const engines = context.get(EngineRegistry);
      const outbox = context.get(EngineOutbox);
      return new Reconciler({
        ...ledger(context),
        engines,
        outbox,
        everyMs: settings.reconcileEveryMs ?? 300_000,
        onDrift: settings.onEngineDrift ?? "mend",
      });
    });
    single(Watchdog, (context) => {
      const planner = context.get(IntervalPlanner);
      const everyMs = settings.watchdogEveryMs ?? 5_000;
      return new Watchdog({ ...ledger(context), planner, specs: context.get(SpecCache), everyMs });
    });
    single(SpecReader, (context) => {
      const engines = context.get(EngineRegistry);
      const operators = context.get(OPERATORS);
      return new SpecReader({
        clock: context.get(TOKENS.clock),
        engines,
        operators,
        gates: context.get(GATES),
      });
    });
    single(ScheduleChanges, (context) => {
      const outbox = context.get(EngineOutbox);
      return new ScheduleChanges({ ...ledger(context), outbox, planner: context.get(IntervalPlanner) });
    });
    single(Registration, (context) => {
      return new Registration({
        ...ledger(context),
        outbox: context.get(EngineOutbox),
        specs: context.get(SpecReader),
        changes: context.get(ScheduleChanges),
      });
    });
    single(Lifecycle, (context) => {
      return new Lifecycle({
        ...ledger(context),
        planner: context.get(IntervalPlanner),
        dispatcher: context.get(Dispatcher),
        specs: context.get(SpecReader),
        changes: context.get(ScheduleChanges),
      });
    });
    single(BackfillControl, (context) => {
      return new BackfillControl({ ...ledger(context), backfiller: context.get(Backfiller) });
    });
    single(Intake, (context) => {
      const client = context.get(ScheduleClient);
      return new Intake({
        ...ledger(context),
        sink: context.get(TOKENS.fireSink),
        backfill: (request) => client.backfill(request),
      });
    });
    single(RunControl, (context) => {
      const planner = context.get(IntervalPlanner);
      return new RunControl({ ...ledger(context), planner, dispatcher: context.get(Dispatcher), namespace });
    });
    single(ScheduleClient, (context) => {
      return new ScheduleClient({
        store: context.get(LEDGER),
        clock: context.get(TOKENS.clock),
        operators: [...context.get(OPERATORS).keys()],
        gates: [...context.get(GATES).keys()],
        specs: context.get(SpecReader),
        changes: context.get(ScheduleChanges),
        registration: context.get(Registration),
        lifecycle: context.get(Lifecycle),
        runControl: context.get(RunControl),
        backfills: context.get(BackfillControl),
      });
    });
  });
}

function byType(operators: readonly ScheduleOperator[]): ReadonlyMap<string, ScheduleOperator> {
  return new Map(operators.map((operator) => [operator.operatorType.toLowerCase(), operator]));
}
