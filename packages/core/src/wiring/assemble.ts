import { randomUUID } from "node:crypto";
import { ChangeFeed } from "../changes/change-feed.js";
import { ChangeNotes } from "../changes/change-notes.js";
import { ChangeTeller } from "../changes/change-teller.js";
import { notingStore } from "../changes/noting-store.js";
import { withCheckedArguments } from "../client/arguments.js";
import { BackfillControl } from "../client/backfill-control.js";
import { CoverageWaits } from "../client/coverage-waits.js";
import { Lifecycle } from "../client/lifecycle.js";
import { PoolControl } from "../client/pool-control.js";
import { Registration } from "../client/registration.js";
import { RestatementControl } from "../client/restatement-control.js";
import { RunControl } from "../client/run-control.js";
import { RunLogs } from "../client/run-logs.js";
import { ScheduleChanges } from "../client/schedule-changes.js";
import { ScheduleClient } from "../client/schedule-client.js";
import { Seals } from "../client/seals.js";
import { SnapshotControl } from "../client/snapshot-control.js";
import { SourceControl } from "../client/source-control.js";
import { SourceRebase } from "../client/source-rebase.js";
import { SpecReader } from "../client/spec-reader.js";
import type { Clock, EpochMs } from "../clock/clock.js";
import type { FleetClock } from "../clock/fleet-clock.js";
import { DeadlineKeeper } from "../deadlines/deadline-keeper.js";
import { Dispatcher } from "../dispatch/dispatcher.js";
import { SourceCheck } from "../dispatch/source-check.js";
import type { EngineContext, FireSink, ScheduleEngine, ScheduleEngineClient } from "../engine/engine.js";
import type { TidegateEmitter } from "../events/events.js";
import { createSignals, type SignalEmitter, type TidegateSignals } from "../events/signals.js";
import type { Gate, GateRequest } from "../gate/gate.js";
import { DependencyGate } from "../gates/dependency-gate.js";
import { Gatekeeper } from "../gates/gatekeeper.js";
import { NotBeforeGate } from "../gates/not-before-gate.js";
import { Intake } from "../intake/intake.js";
import { LateKeeper } from "../late/late-keeper.js";
import { LookbackKeeper } from "../late/lookback-keeper.js";
import type { OffsetProvider } from "../offset/offset-provider.js";
import { OffsetProviders } from "../offset/offset-providers.js";
import type { ScheduleOperator } from "../operator/operator.js";
import { Backfiller } from "../planning/backfiller.js";
import { IntervalPlanner } from "../planning/planner.js";
import { SourceLooks } from "../planning/source-looks.js";
import { SpecCache } from "../planning/spec-cache.js";
import type { ReadinessProbe } from "../probe/probe.js";
import { ProbeCaller } from "../probes/probe-caller.js";
import { ReadinessGate } from "../probes/readiness-gate.js";
import type { Schedule } from "../schedule/schedule.js";
import { signallingStore } from "../store/claimable-signal.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { BeginBackfill } from "../upkeep/begin-backfill.js";
import { BlockedLanes } from "../upkeep/blocked-lanes.js";
import { ClockKeeper } from "../upkeep/clock-keeper.js";
import { PoolDeclaration } from "../upkeep/declared-pools.js";
import { EngineRegistry } from "../upkeep/engine-registry.js";
import { OffsetReleaser } from "../upkeep/offset-releaser.js";
import { EngineOutbox } from "../upkeep/outbox.js";
import { Reconciler } from "../upkeep/reconciler.js";
import { StaleKeeper } from "../upkeep/stale-keeper.js";
import { Watchdog } from "../upkeep/watchdog.js";
import type { Service } from "./service.js";
import type { TidegateSettings } from "./tokens.js";

/** The parts of a Tidegate instance that packages provide, and those that they use. */
export interface Plugins {
  readonly store: ScheduleStore;
  readonly engines: readonly ScheduleEngine[];
  readonly engineClients: readonly ScheduleEngineClient[];
  readonly operators: readonly ScheduleOperator[];
  /** Besides the built-in ones. */
  readonly gates: readonly Gate[];
  readonly probes: readonly ReadinessProbe[];
  readonly offsetProviders: readonly OffsetProvider[];
  readonly clock: FleetClock;
  /** The clock that `clock` corrects. */
  readonly machine: Clock;
  readonly emitter: TidegateEmitter;
  /** Returns what receives the fires of engines and callbacks: the planner, or what was put in front of it. */
  readonly sink: () => FireSink;
}

/** The parts of a Tidegate instance, wired. */
export interface Services {
  readonly client: ScheduleClient;
  readonly intake: Intake;
  readonly planner: IntervalPlanner;
  readonly reconciler: Reconciler;
  readonly signals: SignalEmitter;
  readonly changes: ChangeFeed;
  /** In the order of their start. */
  readonly all: readonly Service[];
}

/** Makes the parts of a Tidegate instance; starts none of them. */
export function assemble(plugins: Plugins, settings: TidegateSettings): Services {
  const { clock, emitter, machine } = plugins;
  const { namespace = "default", owner = randomUUID() } = settings;
  const signals = createSignals(emitter);
  const notes = new ChangeNotes();
  const store = signallingStore(notingStore(plugins.store, notes), () => signals.emit("runs-claimable"));
  const ledger = { store, clock, emitter, signals, namespace };
  const operators = byType(plugins.operators);
  const engines = new EngineRegistry(plugins.engines, plugins.engineClients);

  const clockKeeper = new ClockKeeper({
    clock,
    machine,
    store,
    emitter,
    maxSkewMs: settings.maxClockSkewMs ?? 10_000,
    refusedSkewMs: settings.refuseClockSkewMs ?? 300_000,
  });
  const teller = new ChangeTeller({ store, clock, emitter, notes, owner });
  const feed = new ChangeFeed({ store, clock, emitter, teller });
  const cache = new SpecCache(store, namespace);
  const providers = new OffsetProviders(plugins.offsetProviders);
  const looks = new SourceLooks({
    clock,
    providers,
    namespace,
    timeoutMs: settings.sourceTimeoutMs ?? 30_000,
  });
  const planner = new IntervalPlanner({
    ...ledger,
    specs: cache,
    looks,
    plan: (commits) => dispatcher.plan(commits),
    isSaturated: () => dispatcher.isSaturated,
    isBusy: () => dispatcher.isBusy,
    room: () => dispatcher.room,
  });
  const options = settings.dispatcher ?? {};
  const caller = new ProbeCaller({ clock, ...settings.readiness });
  const readiness = plugins.probes.map((probe) => readinessGate(probe, caller, emitter));
  const builtIn = [new NotBeforeGate(), new DependencyGate(() => store), ...readiness];
  const gates = new Map([...builtIn, ...plugins.gates].map((gate) => [gate.gateType, gate]));
  const timeoutMs = settings.gateTimeoutMs ?? 30_000;
  const gatekeeper = new Gatekeeper({
    ...ledger,
    gates,
    specs: cache,
    timeoutMs,
    onFailed: (run, change, spec) => dispatcher.failedAtGates(run, change, spec),
  });
  const onNextLook = (at: EpochMs | undefined): void => gatekeeper.lookAt(at);
  const sources = new SourceCheck({ clock, looks, store });
  const onRoom = (share: number): void => planner.onRoom(share);
  const dispatching = { ...ledger, operators, specs: cache, sources, owner, options, onNextLook, onRoom };
  const dispatcher = new Dispatcher(dispatching);
  const backfiller = new Backfiller({ ...ledger, everyMs: settings.backfillEveryMs ?? 5_000 });
  const outbox = new EngineOutbox({ ...ledger, engines });
  const reconciler = new Reconciler({
    ...ledger,
    engines,
    outbox,
    everyMs: settings.reconcileEveryMs ?? 300_000,
    onDrift: settings.onEngineDrift ?? "mend",
  });
  const everyMs = settings.watchdogEveryMs ?? 5_000;
  const watchdog = new Watchdog({ ...ledger, planner, specs: cache, everyMs });

  const deadlines = new DeadlineKeeper({ ...ledger, specs: cache });

  const specs = new SpecReader({ clock, engines, operators, gates, probes: plugins.probes, providers });
  const changes = new ScheduleChanges({ ...ledger, outbox, planner });
  const pools = new PoolControl(store);
  const registration = new Registration({ ...ledger, outbox, specs, changes, pools, looks });
  const lifecycle = new Lifecycle({ ...ledger, planner, dispatcher, specs, changes, pools });
  const seals = new Seals({ ...ledger, changes });
  const runControl = new RunControl({ ...ledger, planner, dispatcher, seals, operators });
  const backfills = new BackfillControl({ ...ledger, backfiller, seals });
  const waits = new CoverageWaits({ ...ledger, pollMs: options.pollMs ?? 1_000 });
  const snapshots = new SnapshotControl({ ...ledger, planner, changes, operators, seals });
  const rebases = new SourceRebase({ ...ledger, providers, looks, specs, changes, dispatcher, seals });
  const releaser = new OffsetReleaser({
    ...ledger,
    looks,
    isNeeded: plugins.offsetProviders.some(({ release }) => release !== undefined),
    everyMs: settings.reconcileEveryMs ?? 300_000,
  });
  const blockedLanes = new BlockedLanes({
    ...ledger,
    specs: cache,
    dispatcher,
    everyMs: settings.reconcileEveryMs ?? 300_000,
  });
  const sourceControl = new SourceControl({ ...ledger, changes, waits, seals });
  const client = withCheckedArguments(
    new ScheduleClient({
      store,
      clock,
      operators: [...operators.keys()],
      gates: [...gates.keys()],
      specs,
      providers,
      looks,
      rebases,
      snapshots,
      changes,
      registration,
      lifecycle,
      runControl,
      logs: new RunLogs({ ...ledger, operators, specs: cache }),
      backfills,
      restatements: new RestatementControl({ ...ledger, changes, backfills, seals }),
      pools,
      seals,
      sources: sourceControl,
      waits,
    }),
  );
  const backfill: BeginBackfill = async (request) =>
    backfills.plan(await changes.getReadable(request.groupId), request);
  const sealedThrough = (schedule: Schedule): Promise<EpochMs | null> => seals.sealedThrough(schedule);
  const rerunning = { ...ledger, backfill, sealedThrough, settleMs: settings.restateSettleMs ?? 60_000 };
  const staleKeeper = new StaleKeeper(rerunning);
  const lookbackKeeper = new LookbackKeeper(rerunning);
  const lateKeeper = new LateKeeper(rerunning);
  const sink: FireSink = { fire: (fires) => plugins.sink().fire(fires) };
  const intake = new Intake({ ...ledger, sink, backfill: (request) => client.backfill(request) });

  const contextOf = ({ engineType }: ScheduleEngine): EngineContext => ({
    sink: plugins.sink(),
    events: emitter,
    onFireMoved: (listener) => {
      const hears: TidegateSignals["fire-moved"] = (moved, engine) => {
        if (engine === engineType) listener(moved);
      };
      signals.on("fire-moved", hears);
      return () => signals.off("fire-moved", hears);
    },
  });
  const all = [
    { start: () => store.open(settings.namespace), stop: () => store.close() },
    clockKeeper,
    teller,
    feed,
    new PoolDeclaration(store, settings.pools),
    ...plugins.operators.map(operatorService),
    ...plugins.engineClients.map((engineClient) => ({ start: () => {}, stop: () => engineClient.stop?.() })),
    ...plugins.probes.map(openable),
    ...plugins.offsetProviders.map(openable),
    looks,
    planner,
    lifecycle,
    caller,
    waits,
    gatekeeper,
    dispatcher,
    backfiller,
    ...plugins.engines.map((engine) => ({
      start: () => engine.start(contextOf(engine)),
      stop: () => engine.stop(),
    })),
    reconciler,
    watchdog,
    staleKeeper,
    lookbackKeeper,
    lateKeeper,
    deadlines,
    releaser,
    blockedLanes,
  ];
  return { client, intake, planner, reconciler, signals, changes: feed, all };
}

function operatorService(operator: ScheduleOperator): Service {
  return { start: () => operator.start?.(), stop: () => operator.stop?.() };
}

function openable(part: ReadinessProbe | OffsetProvider): Service {
  return { start: () => part.start?.(), stop: () => part.stop?.() };
}

function readinessGate(probe: ReadinessProbe, caller: ProbeCaller, emitter: TidegateEmitter): Gate {
  const onBroken = (problem: string, { groupId, runId }: GateRequest): void => {
    const message = `Probe "${probe.probeType}" is broken: ${problem}`;
    emitter.emit("trouble", { where: "probe", groupId, runId, error: { code: "PROBE_BROKEN", message } });
  };
  return new ReadinessGate({ probe, caller, onBroken });
}

function byType(operators: readonly ScheduleOperator[]): ReadonlyMap<string, ScheduleOperator> {
  return new Map(operators.map((operator) => [operator.operatorType.toLowerCase(), operator]));
}
