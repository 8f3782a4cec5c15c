import {
  createTidegate,
  type EngineRepairedEvent,
  type EpochMs,
  type Interval,
  type ScheduleInfo,
  type Tidegate,
  type TidegateOptions,
  TOKENS,
  type TroubleEvent,
} from "@tidegate/core";
import { type Clock, SystemClock } from "@tidegate/core/clock";
import {
  type EngineEntry,
  type EngineSchedule,
  engineSchedule,
  type ScheduleEngine,
} from "@tidegate/core/engine";
import type { ScheduleStore } from "@tidegate/core/store";
import { VirtualClock } from "@tidegate/core/testing";
import { expect } from "../runner.js";
import { type CountingOperator, countingOperator } from "./counting-operator.js";
import { FireLog } from "./fire-log.js";
import type { EngineFixture, EngineUnderTest } from "./fixture.js";
import { reconciled } from "./reconciled.js";
import { until } from "./until.js";

/** A quarter of a day before New York switches to summer time. */
const VIRTUAL_START = Date.UTC(2026, 2, 8, 0);

/**
 * Longer than any test: the watchdog must not do the engine's work, nor the reconciler repair what a test has
 * yet to change.
 */
const NEVER_MS = 365 * 86_400_000;

/** Number of passes of the reconciler after which the suite gives up on an engine that refuses. */
const MOST_PASSES = 5;

/** Number of periods of virtual time after which the suite gives up waiting. */
const MOST_PERIODS = 10_000;

/** Dependencies of `EngineBed`. */
export interface EngineBedParts {
  readonly clock: Clock;
  readonly fixture: EngineFixture;
  readonly store: TidegateStore;
  readonly periodMs: number;
  readonly patienceMs: number;
}

/** A store that survives the restart of a Tidegate. */
export interface TidegateStore {
  readonly current: ScheduleStore;
  reopen(): Promise<void>;
}

/** Returns the clock of a test. */
export function clockOf(kind: "virtual" | "real", turns: number): Clock {
  return kind === "virtual" ? new VirtualClock({ start: VIRTUAL_START, turns }) : new SystemClock();
}

/**
 * A Tidegate around the engine under test: a counting operator, a log of all fires, and a way to let time
 * pass.
 */
export class EngineBed {
  readonly clock: Clock;
  /** Length of the schedules' intervals unless a test says otherwise, ms. */
  readonly periodMs: number;
  readonly fixture: EngineFixture;
  readonly operator: CountingOperator = countingOperator();
  readonly fires: FireLog;
  /** Background errors. */
  readonly troubles: TroubleEvent[] = [];
  readonly #parts: EngineBedParts;
  /** Where schedules are registered. */
  #tidegate: Tidegate;
  /** Where the engine fires: the same, unless the engine's client lives apart. */
  #firing: Tidegate;
  /** Removes what the fixture has put around the running Tidegate. */
  #unserve: (() => Promise<void>) | undefined;

  constructor(parts: EngineBedParts) {
    this.#parts = parts;
    this.clock = parts.clock;
    this.fixture = parts.fixture;
    this.periodMs = parts.periodMs;
    this.fires = new FireLog(parts.clock);
    [this.#tidegate, this.#firing] = this.#around(parts.fixture.engine);
  }

  get tidegate(): Tidegate {
    return this.#tidegate;
  }

  /** The Tidegate of the engine. */
  get firing(): Tidegate {
    return this.#firing;
  }

  get client(): Tidegate["client"] {
    return this.#tidegate.client;
  }

  get engine(): ScheduleEngine {
    return this.#firing.container.getAll(TOKENS.engine)[0]!;
  }

  /** Returns the start of the current period, epoch ms. */
  currentPeriod(): EpochMs {
    return Math.floor(this.clock.now() / this.periodMs) * this.periodMs;
  }

  /** Returns a schedule of one period that begins with the current one. */
  info(groupId: string, overrides: Partial<ScheduleInfo> = {}): ScheduleInfo {
    return {
      groupId,
      trigger: { type: "period", every: this.periodMs / 1_000, unit: "second" },
      startTime: this.currentPeriod(),
      engineGraceMs: NEVER_MS,
      ...overrides,
    };
  }

  async register(groupId: string, overrides: Partial<ScheduleInfo> = {}): Promise<void> {
    const { schedule } = await this.client.register(this.info(groupId, overrides));
    expect(schedule).toMatchObject({ status: "REGISTERED", statusReason: null });
  }

  /**
   * Unregisters a schedule. Retries if the engine does not release it at once because its fire is in
   * progress.
   */
  async unregister(groupId: string): Promise<void> {
    await this.client.unregister(groupId);
    await this.passUntil(`${groupId} to be gone`, async () => {
      const isGone = (await this.client.get(groupId)).status === "DELETED";
      if (!isGone) await this.#reconcileOnce();
      return isGone;
    });
  }

  /** Returns a schedule as the engine receives it. */
  async engineSchedule(groupId: string): Promise<EngineSchedule> {
    return engineSchedule(await this.client.get(groupId));
  }

  async listed(): Promise<EngineEntry[]> {
    const entries: EngineEntry[] = [];
    for await (const { groupId, version } of this.engine.list()) entries.push({ groupId, version });
    return entries;
  }

  /**
   * Lets some periods pass. On the machine's clock it really waits, since no event shows that nothing
   * happens.
   */
  async pass(periods: number): Promise<void> {
    const { clock } = this;
    const ms = periods * this.periodMs;
    if (clock instanceof VirtualClock) return clock.advance(ms);
    await new Promise<void>((resolve) => {
      clock.wakeAt(clock.now() + ms, resolve);
    });
  }

  /** Lets time pass until the condition holds. */
  async passUntil(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const { clock } = this;
    if (!(clock instanceof VirtualClock)) {
      return until(condition, { what, limitMs: this.#parts.patienceMs });
    }
    for (let passed = 0; passed < MOST_PERIODS; passed += 1) {
      await clock.settle();
      if (await condition()) return;
      await clock.advance(this.periodMs);
    }
    throw new Error(`${MOST_PERIODS} periods passed without ${what}.`);
  }

  /**
   * Reconciles the engine with the store; again if the engine refused something, as an overloaded server does.
   *
   * @returns what was repaired; `undefined` if that is not known, since a call that was refused may have had effects
   */
  async reconcile(): Promise<EngineRepairedEvent[] | undefined> {
    const refusals = (): number => this.troubles.filter(({ where }) => where === "reconciler").length;
    for (let left = MOST_PASSES; left > 0; left -= 1) {
      const before = refusals();
      const found = await this.#reconcileOnce();
      if (refusals() === before) return left === MOST_PASSES ? found : undefined;
      await this.pass(1);
    }
    throw new Error(`The engine refused ${MOST_PASSES} times: ${this.troubles.at(-1)?.error.message}`);
  }

  async #reconcileOnce(): Promise<EngineRepairedEvent[]> {
    let isDone = false;
    const pass = reconciled(this.#tidegate).finally(() => {
      isDone = true;
    });
    await this.passUntil("the reconciler's pass", () => isDone);
    return pass;
  }

  /** Lets time pass until this many intervals of the group have run. */
  passUntilRun(groupId: string, count: number): Promise<void> {
    return this.passUntil(`${count} runs of ${groupId}`, () => new Set(this.#keysOf(groupId)).size >= count);
  }

  async start(): Promise<void> {
    if (this.#isApart) await this.#parts.store.current.open();
    for (const tidegate of this.#tidegates) await tidegate.start();
    this.#unserve = await this.fixture.serve?.(this.#firing);
  }

  async stop(): Promise<void> {
    await this.#stopServing();
    for (const tidegate of this.#tidegates) await tidegate.stop();
    if (this.#isApart) await this.#parts.store.current.close();
  }

  /** Ends all fires, and resolves when none is in progress; the ledger continues. */
  async stopFiring(): Promise<void> {
    await this.#stopServing();
    await this.engine.stop();
  }

  /** Starts again after `stop`, as the next process does: over the same store and what the engine left. */
  async startAgain(): Promise<void> {
    const { fixture, store } = this.#parts;
    await store.reopen();
    const engine = (await fixture.reopen?.()) ?? this.engine;
    [this.#tidegate, this.#firing] = this.#around(engine);
    await this.start();
  }

  /**
   * Ends every test: checks that all that was planned has run once, in intervals that tile the ledger, and
   * that the audit agrees.
   */
  async conclude(...groupIds: string[]): Promise<void> {
    for (const groupId of groupIds) {
      await until(async () => (await this.client.audit(groupId)).active.runs === 0, {
        what: `the runs of ${groupId} to end`,
      });
      const audit = await this.client.audit(groupId);
      expect(audit).toMatchObject({ gaps: [], overlaps: [], isSound: true });
      expect(audit.failed.runs + audit.skipped.runs).toBe(0);
      expectTiles(this.operator.intervalsOf(groupId), audit.range.lower);
      expect(new Set(this.#keysOf(groupId)).size).toBe(this.operator.countOf(groupId));
    }
  }

  async #stopServing(): Promise<void> {
    const unserve = this.#unserve;
    this.#unserve = undefined;
    await unserve?.();
  }

  #keysOf(groupId: string): string[] {
    return this.operator.intervalsOf(groupId).map(({ lower, upper }) => `${lower}-${upper}`);
  }

  get #isApart(): boolean {
    return this.fixture.client !== undefined;
  }

  get #tidegates(): readonly Tidegate[] {
    return this.#isApart ? [this.#tidegate, this.#firing] : [this.#tidegate];
  }

  #around(engine: EngineUnderTest): [registering: Tidegate, firing: Tidegate] {
    const client = this.fixture.client?.();
    const { current } = this.#parts.store;
    const store = client === undefined ? current : shared(current, this.clock);
    const firing = this.#create({ store, engines: [engine] });
    this.fires.attach(firing);
    return [client === undefined ? firing : this.#create({ store, engineClients: [client] }), firing];
  }

  #create(parts: Pick<TidegateOptions, "store" | "engines" | "engineClients">): Tidegate {
    const tidegate = createTidegate({
      ...parts,
      operators: [this.operator],
      clock: this.clock,
      owner: parts.engines === undefined ? "engine-suite-client" : "engine-suite",
      watchdogEveryMs: NEVER_MS,
      reconcileEveryMs: NEVER_MS,
      // Each Tidegate carries out what it has planned itself: to look for others' runs would only take time.
      ...(this.#isApart ? { dispatcher: { pollMs: NEVER_MS }, backfillEveryMs: NEVER_MS } : {}),
    });
    tidegate.events.on("trouble", (trouble) => this.troubles.push(trouble));
    return tidegate;
  }
}

/** The store as one of several processes has it open: closing it closes it for none of the others. */
function shared(store: ScheduleStore, clock: Clock): ScheduleStore {
  const own: Partial<ScheduleStore> = {
    isShared: true,
    now: async () => clock.now(),
    open: async () => {},
    close: async () => {},
  };
  return new Proxy(store, {
    get: (target, name) => {
      if (Object.hasOwn(own, name)) return own[name as keyof ScheduleStore];
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Fails unless each interval begins where the previous one ended, the first at `lower`. */
function expectTiles(intervals: readonly Interval[], lower: EpochMs): void {
  const begins = intervals.map((interval) => interval.lower);
  const ends = intervals.map((interval) => interval.upper);
  expect(begins).toEqual([lower, ...ends].slice(0, begins.length));
}
