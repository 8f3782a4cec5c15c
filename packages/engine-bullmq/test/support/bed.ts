import { expect } from "@jest/globals";
import {
  createTidegate,
  type EngineRepairedEvent,
  type ScheduleInfo,
  type Tidegate,
  type TroubleEvent,
} from "@tidegate/core";
import type { FireSink, ScheduleEngine } from "@tidegate/core/engine";
import { MemoryStore } from "@tidegate/core/testing";
import { type CountingOperator, countingOperator, until } from "@tidegate/testkit";

/** Longer than any test: nobody else must do the engine's work. */
const NEVER_MS = 365 * 86_400_000;

/** A Tidegate whose watchdog sleeps, so that all fires are the engine's. */
export class Bed {
  readonly tidegate: Tidegate;
  readonly operator: CountingOperator = countingOperator();
  readonly troubles: TroubleEvent[] = [];
  readonly repairs: EngineRepairedEvent[] = [];
  readonly groupIds: string[] = [];
  #sink: FireSink | undefined;

  constructor(engine: ScheduleEngine, reconcileEveryMs = NEVER_MS) {
    const start = engine.start.bind(engine);
    engine.start = (context) => {
      this.#sink = context.sink;
      return start(context);
    };
    this.tidegate = createTidegate({
      store: new MemoryStore(),
      engines: [engine],
      operators: [this.operator],
      watchdogEveryMs: NEVER_MS,
      reconcileEveryMs,
    });
    this.tidegate.events.on("trouble", (trouble) => this.troubles.push(trouble));
    this.tidegate.events.on("engine-repaired", (repair) => this.repairs.push(repair));
  }

  /** The ledger, for engines of other processes. */
  get sink(): FireSink {
    if (this.#sink === undefined) throw new Error("The Tidegate is not started.");
    return this.#sink;
  }

  /** Registers schedules of one second. */
  async register(count: number, name = "group", info: Partial<ScheduleInfo> = {}): Promise<void> {
    const groupIds = Array.from({ length: count }, (_, index) => `${name}-${index}`);
    this.groupIds.push(...groupIds);
    const startTime = Math.floor(Date.now() / 1_000) * 1_000;
    await this.tidegate.client.registerMany(
      groupIds.map((groupId) => ({
        groupId,
        trigger: { type: "period", every: 1, unit: "second" },
        startTime,
        engineGraceMs: NEVER_MS,
        ...info,
      })),
    );
  }

  /** Waits until each group has run so many more intervals. */
  async untilEachRan(more: number): Promise<void> {
    const wanted = this.groupIds.map((groupId) => this.operator.countOf(groupId) + more);
    await until(
      () => this.groupIds.every((groupId, index) => this.operator.countOf(groupId) >= wanted[index]!),
      {
        what: `${more} more runs of each group`,
      },
    );
  }

  /** The ledger is sound, and its intervals came out once each, one after the other. */
  async expectEachIntervalOnce(): Promise<void> {
    for (const groupId of this.groupIds) {
      await until(async () => (await this.tidegate.client.audit(groupId)).active.runs === 0);
      const audit = await this.tidegate.client.audit(groupId);
      expect(audit).toMatchObject({ gaps: [], overlaps: [], isSound: true });
      const intervals = this.operator.intervalsOf(groupId);
      const ends = intervals.map(({ upper }) => upper);
      expect(intervals.map(({ lower }) => lower)).toEqual([audit.range.lower, ...ends].slice(0, ends.length));
    }
  }
}
