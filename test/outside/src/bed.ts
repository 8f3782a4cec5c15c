import {
  createTidegate,
  type EngineRepairedEvent,
  type Run,
  type Schedule,
  type ScheduleInfo,
  type Tidegate,
  type TroubleEvent,
} from "@tidegate/core";
import type { ScheduleEngine } from "@tidegate/core/engine";
import type { OfflineJobRequest, ScheduleOperator } from "@tidegate/core/operator";
import { MemoryStore } from "@tidegate/core/testing";
import { type CountingOperator, countingOperator, reconciled, until } from "@tidegate/testkit";
import type { ManagerDoor } from "./manager-door.js";

/** Longer than any test: the watchdog, and the reconciler where none is wanted, sleep. */
export const NEVER_MS = 365 * 86_400_000;

const EVERY_TWO_SECONDS = { type: "period", every: 2, unit: "second" } as const;

/** What may be unusual about a bed. */
export interface BedOptions {
  /** @default never */
  readonly reconcileEveryMs?: number;
  /** @default one that counts, and succeeds where `isFailing` does not say otherwise */
  readonly operator?: ScheduleOperator;
}

/** A manager with its door, around an engine on a real scheduler. Its watchdog sleeps: all fires are that scheduler's. */
export class OutsideBed<Engine extends ScheduleEngine> {
  readonly counted: CountingOperator = countingOperator();
  /** Which jobs fail. */
  isFailing: (request: OfflineJobRequest) => boolean = () => false;
  readonly engine: Engine;
  readonly door: ManagerDoor;
  readonly troubles: TroubleEvent[] = [];
  readonly tidegate: Tidegate;
  #close: (() => Promise<void>) | undefined;

  /** @param door - the one that the engine's callbacks come to */
  constructor(engine: Engine, door: ManagerDoor, { reconcileEveryMs, operator }: BedOptions) {
    this.engine = engine;
    this.door = door;
    const counting = {
      ...this.counted,
      submit: (...given: Parameters<CountingOperator["submit"]>) => this.#submit(...given),
    };
    this.tidegate = createTidegate({
      store: new MemoryStore(),
      engines: [engine],
      operators: [operator ?? counting],
      watchdogEveryMs: NEVER_MS,
      reconcileEveryMs: reconcileEveryMs ?? NEVER_MS,
    });
    this.tidegate.events.on("trouble", (trouble) => this.troubles.push(trouble));
  }

  get client(): Tidegate["client"] {
    return this.tidegate.client;
  }

  async start(): Promise<this> {
    await this.tidegate.start();
    await this.openDoor();
    return this;
  }

  async openDoor(): Promise<void> {
    this.#close = await this.door.serve(this.tidegate);
  }

  async closeDoor(): Promise<void> {
    const close = this.#close;
    this.#close = undefined;
    await close?.();
  }

  async close(): Promise<void> {
    await this.closeDoor();
    await this.tidegate.stop();
  }

  /** Registers a schedule of two seconds that begins now. */
  async register(groupId: string, info: Partial<ScheduleInfo> = {}): Promise<Schedule> {
    const startTime = Math.floor(Date.now() / 2_000) * 2_000;
    const schedule = { groupId, trigger: EVERY_TWO_SECONDS, startTime, engineGraceMs: NEVER_MS, ...info };
    return (await this.client.register(schedule)).schedule;
  }

  /** All runs of a group, oldest interval first, generations in their order. */
  async runs(groupId: string): Promise<readonly Run[]> {
    return (await this.client.runs({ groupId, order: "ascending" }, { limit: 1_000 })).items;
  }

  /** Holds the engine against the store. @returns what was mended */
  async reconcile(): Promise<EngineRepairedEvent[]> {
    return reconciled(this.tidegate);
  }

  async untilRan(groupId: string, more: number): Promise<void> {
    const wanted = this.counted.countOf(groupId) + more;
    await until(() => this.counted.countOf(groupId) >= wanted, {
      what: `${more} more runs of ${groupId}`,
    });
  }

  async #submit(...given: Parameters<CountingOperator["submit"]>): ReturnType<CountingOperator["submit"]> {
    const submission = await this.counted.submit(...given);
    if (!this.isFailing(given[0])) return submission;
    const error = { code: "JOB_FAILED", message: "the test wants it so" } as const;
    return { ...submission, outcome: { state: "FAILED", error } };
  }
}
