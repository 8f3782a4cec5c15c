import "reflect-metadata";
import type { ScheduleClient } from "../../src/client/schedule-client.js";
import { VirtualClock } from "../../src/clock/virtual-clock.js";
import type { ScheduleEngine } from "../../src/engine/engine.js";
import type { TidegateEvents } from "../../src/events/events.js";
import type { Gate } from "../../src/gate/gate.js";
import type { OffsetProvider } from "../../src/offset/offset-provider.js";
import type { ScheduleOperator } from "../../src/operator/operator.js";
import type { ReadinessProbe } from "../../src/probe/probe.js";
import type { Run } from "../../src/run/run.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import type { RunFilter } from "../../src/store/run-ledger.js";
import type { ScheduleStore } from "../../src/store/schedule-store.js";
import { createTidegate, type Tidegate } from "../../src/wiring/tidegate.js";
import type { TidegateSettings } from "../../src/wiring/tokens.js";
import { DAY } from "./instants.js";
import { ManualEngine } from "./manual-engine.js";
import { ScriptedOperator } from "./scripted-operator.js";

/** So far off that a test never meets it unless it asks. */
const NEVER_MS = 36_500 * DAY;

export interface WorldOptions extends TidegateSettings {
  readonly store?: ScheduleStore;
  readonly clock?: VirtualClock;
  readonly engine?: ManualEngine;
  readonly operator?: ScriptedOperator;
  readonly moreEngines?: readonly ScheduleEngine[];
  readonly moreOperators?: readonly ScheduleOperator[];
  readonly gates?: readonly Gate[];
  readonly probes?: readonly ReadinessProbe[];
  readonly offsetProviders?: readonly OffsetProvider[];
}

type EventName = keyof TidegateEvents;
type Payload<N extends EventName> = Parameters<TidegateEvents[N]>[0];

const EVENTS: readonly EventName[] = [
  "runs-planned",
  "run-state",
  "schedule-status",
  "coverage-reported",
  "run-stale",
  "late-data",
  "late-after-seal",
  "engine-silent",
  "engine-drift",
  "engine-differs",
  "engine-repaired",
  "deadline-at-risk",
  "deadline-missed",
  "deadline-recovered",
  "freshness-lost",
  "freshness-recovered",
  "data-missing",
  "data-recovered",
  "offsets-expiring",
  "trouble",
];

/** A manager on a memory store with a virtual clock, a manual engine and a scripted operator. */
export class World {
  readonly clock: VirtualClock;
  readonly store: ScheduleStore;
  readonly engine: ManualEngine;
  readonly operator: ScriptedOperator;
  tidegate!: Tidegate;
  readonly #options: WorldOptions;
  readonly #events: { name: EventName; payload: unknown }[] = [];

  constructor(options: WorldOptions = {}) {
    this.#options = options;
    this.clock = options.clock ?? new VirtualClock();
    this.store = options.store ?? new MemoryStore();
    this.engine = options.engine ?? new ManualEngine();
    this.operator = options.operator ?? new ScriptedOperator();
  }

  static async start(options: WorldOptions = {}): Promise<World> {
    const world = new World(options);
    await world.start();
    return world;
  }

  get client(): ScheduleClient {
    return this.tidegate.client;
  }

  /** Starts a manager; after `stop` another one, on the same store and with the same jobs. */
  async start(): Promise<void> {
    const { store: _store, clock: _clock, engine: _engine, operator: _operator, ...rest } = this.#options;
    const { moreEngines = [], moreOperators = [], gates = [], probes = [], ...more } = rest;
    const { offsetProviders = [], ...settings } = more;
    this.tidegate = createTidegate({
      watchdogEveryMs: NEVER_MS,
      reconcileEveryMs: NEVER_MS,
      backfillEveryMs: NEVER_MS,
      ...settings,
      dispatcher: { drainMs: 0, ...settings.dispatcher },
      store: this.store,
      clock: this.clock,
      engines: [this.engine, ...moreEngines],
      operators: [this.operator, ...moreOperators],
      gates,
      probes,
      offsetProviders,
    });
    for (const name of EVENTS) {
      this.tidegate.events.on(name, (payload: unknown) => this.#events.push({ name, payload }));
    }
    await this.tidegate.start();
    await this.settle();
  }

  /** Stops the manager; what it has active after the drain time is left to the next. */
  async stop(): Promise<void> {
    let isStopped = false;
    const stopping = this.tidegate.stop().then(() => {
      isStopped = true;
    });
    while (!isStopped) await this.clock.advance(0);
    await stopping;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Lets everything that is due now come to its end, step by step. */
  async settle(): Promise<void> {
    for (let round = 0; round < 5; round += 1) await this.clock.advance(0);
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await this.settle();
  }

  /** Moves the clock to a time and fires a group for it. */
  async fireAt(groupId: string, scheduledTime: number): Promise<void> {
    if (scheduledTime > this.clock.now()) await this.clock.advanceTo(scheduledTime);
    await this.engine.fire(groupId, scheduledTime);
    await this.settle();
  }

  /** All runs of a group by interval, then generation. */
  async runs(groupId: string, filter: RunFilter = {}): Promise<readonly Run[]> {
    return (await this.client.runs({ groupId, ...filter }, { limit: 1_000 })).items;
  }

  /** What was told under a name, oldest first. */
  eventsOf<N extends EventName>(name: N): Payload<N>[] {
    return this.#events.filter((event) => event.name === name).map(({ payload }) => payload as Payload<N>);
  }
}
