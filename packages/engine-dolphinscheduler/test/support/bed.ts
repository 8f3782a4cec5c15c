import {
  createTidegate,
  MemoryStore,
  type Schedule,
  type ScheduleInfo,
  type ScheduleOperator,
  type Tidegate,
  type TroubleEvent,
} from "@tidegate/core";
import type { DolphinServer } from "@tidegate/test-servers";
import { type CountingOperator, countingOperator, until } from "@tidegate/testkit";
import { DolphinSchedulerEngine, type DolphinSchedulerEngineOptions } from "../../src/index.js";
import { workflowNameOf } from "../../src/names.js";
import { optionsFor } from "./dolphin.js";
import { ManagerDoor } from "./manager-door.js";

/** Longer than any test: the watchdog, and the reconciler where none is wanted, sleep. */
export const NEVER_MS = 365 * 86_400_000;

const EVERY_TWO_SECONDS = { type: "period", every: 2, unit: "second" } as const;

/** What may be unusual about a bed. */
export interface BedOptions {
  /** @default never */
  readonly reconcileEveryMs?: number;
  readonly engine?: Partial<Pick<DolphinSchedulerEngineOptions, "url" | "token" | "wait">>;
  /** @default one that counts and succeeds */
  readonly operator?: ScheduleOperator;
}

/**
 * A manager with its door, around an engine on a real DolphinScheduler. Its watchdog sleeps: all fires are
 * DolphinScheduler's.
 */
export class Bed {
  readonly counted: CountingOperator = countingOperator();
  readonly engine: DolphinSchedulerEngine;
  readonly troubles: TroubleEvent[] = [];
  readonly tidegate: Tidegate;
  readonly #prefix: string;
  readonly #door: ManagerDoor;
  #close: (() => Promise<void>) | undefined;

  private constructor(
    engine: DolphinSchedulerEngine,
    prefix: string,
    door: ManagerDoor,
    options: BedOptions,
  ) {
    this.engine = engine;
    this.#prefix = prefix;
    this.#door = door;
    this.tidegate = createTidegate({
      store: new MemoryStore(),
      engines: [engine],
      operators: [options.operator ?? this.counted],
      watchdogEveryMs: NEVER_MS,
      reconcileEveryMs: options.reconcileEveryMs ?? NEVER_MS,
    });
    this.tidegate.events.on("trouble", (trouble) => this.troubles.push(trouble));
  }

  /** Makes one and starts it. */
  static async open(dolphin: DolphinServer, prefix: string, options: BedOptions = {}): Promise<Bed> {
    const door = await ManagerDoor.reserve();
    const engine = new DolphinSchedulerEngine({
      ...optionsFor(dolphin, door.url, prefix),
      ...options.engine,
    });
    const bed = new Bed(engine, prefix, door, options);
    await bed.tidegate.start();
    await bed.openDoor();
    return bed;
  }

  get client(): Tidegate["client"] {
    return this.tidegate.client;
  }

  /** The name of a group's workflow. */
  nameOf(groupId: string): string {
    return workflowNameOf(this.#prefix, groupId);
  }

  async openDoor(): Promise<void> {
    this.#close = await this.#door.serve(this.tidegate);
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

  async untilRan(groupId: string, more: number): Promise<void> {
    const wanted = this.counted.countOf(groupId) + more;
    await until(() => this.counted.countOf(groupId) >= wanted, {
      what: `${more} more runs of ${groupId}`,
      limitMs: 60_000,
    });
  }
}
