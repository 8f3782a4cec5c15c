import {
  createTidegate,
  MemoryStore,
  type OfflineJobRequest,
  type Run,
  type Schedule,
  type ScheduleInfo,
  type Tidegate,
  type TroubleEvent,
} from "@tidegate/core";
import type { AirflowServer } from "@tidegate/test-servers";
import { type CountingOperator, countingOperator, until } from "@tidegate/testkit";
import { AirflowEngine, type AirflowEngineOptions } from "../../src/index.js";
import { dagIdOf } from "../../src/names.js";
import { optionsFor } from "./airflow.js";
import { ManagerDoor } from "./manager-door.js";

/** Longer than any test: the watchdog, and the reconciler where none is wanted, sleep. */
export const NEVER_MS = 365 * 86_400_000;

const EVERY_TWO_SECONDS = { type: "period", every: 2, unit: "second" } as const;

/** What may be unusual about a bed. */
export interface BedOptions {
  /** @default never */
  readonly reconcileEveryMs?: number;
  readonly engine?: Partial<Pick<AirflowEngineOptions, "url" | "wait">>;
}

/** A manager with its door, around an engine on a real Airflow. Its watchdog sleeps: all fires are Airflow's. */
export class Bed {
  readonly counted: CountingOperator = countingOperator();
  /** Which jobs fail. */
  isFailing: (request: OfflineJobRequest) => boolean = () => false;
  readonly engine: AirflowEngine;
  readonly troubles: TroubleEvent[] = [];
  readonly tidegate: Tidegate;
  readonly #prefix: string;
  readonly door: ManagerDoor;
  #close: (() => Promise<void>) | undefined;

  private constructor(engine: AirflowEngine, prefix: string, door: ManagerDoor, options: BedOptions) {
    this.engine = engine;
    this.#prefix = prefix;
    this.door = door;
    this.tidegate = createTidegate({
      store: new MemoryStore(),
      engines: [engine],
      operators: [{ ...this.counted, submit: (request, attempt) => this.#submit(request, attempt) }],
      watchdogEveryMs: NEVER_MS,
      reconcileEveryMs: options.reconcileEveryMs ?? NEVER_MS,
    });
    this.tidegate.events.on("trouble", (trouble) => this.troubles.push(trouble));
  }

  /** Makes one and starts it. */
  static async open(airflow: AirflowServer, prefix: string, options: BedOptions = {}): Promise<Bed> {
    const door = await ManagerDoor.reserve();
    const engine = new AirflowEngine({ ...optionsFor(airflow, door.url, prefix), ...options.engine });
    const bed = new Bed(engine, prefix, door, options);
    await bed.tidegate.start();
    await bed.openDoor();
    return bed;
  }

  get client(): Tidegate["client"] {
    return this.tidegate.client;
  }

  /** The id of a group's DAG. */
  dagOf(groupId: string): string {
    return dagIdOf(this.#prefix, groupId);
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

  async untilRan(groupId: string, more: number): Promise<void> {
    const wanted = this.counted.countOf(groupId) + more;
    await until(() => this.counted.countOf(groupId) >= wanted, {
      what: `${more} more runs of ${groupId}`,
      limitMs: 60_000,
    });
  }

  async #submit(...given: Parameters<CountingOperator["submit"]>): ReturnType<CountingOperator["submit"]> {
    const submission = await this.counted.submit(...given);
    if (!this.isFailing(given[0])) return submission;
    const error = { code: "JOB_FAILED", message: "the test wants it so" } as const;
    return { ...submission, outcome: { state: "FAILED", error } };
  }
}
