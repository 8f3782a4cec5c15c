import { VirtualClock } from "../../src/clock/virtual-clock.js";
import type {
  EngineCapabilities,
  EngineContext,
  EngineEntry,
  EngineSchedule,
  Fire,
  FireResult,
  ScheduleEngine,
} from "../../src/engine/engine.js";
import type { TroubleEvent } from "../../src/events/events.js";
import type { OfflineJobRequest } from "../../src/operator/offline-job-request.js";
import type { JobContext, JobOutcome, ScheduleOperator, SubmittedJob } from "../../src/operator/operator.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import { createTidegate, type Tidegate } from "../../src/wiring/tidegate.js";
import type { TidegateSettings } from "../../src/wiring/tokens.js";

export const START = Date.UTC(2026, 0, 1);
export const HOUR = 3_600_000;

/** The n-th hour from the start. */
export const hour = (n: number): number => START + n * HOUR;

/** An engine that fires when the test says so, and keeps definitions as an outside one does. */
export class ManualEngine implements ScheduleEngine {
  readonly engineType = "manual";
  readonly capabilities: EngineCapabilities = {
    finestPeriodMs: 1_000,
    holdsDefinitions: true,
    hasNativeCatchup: false,
    hasNativeBackfill: false,
  };
  readonly held = new Map<string, number>();
  refusal: Error | undefined;
  #context: EngineContext | undefined;

  async start(context: EngineContext): Promise<void> {
    this.#context = context;
  }

  async stop(): Promise<void> {}

  async handleRegister(schedules: readonly EngineSchedule[]): Promise<void> {
    if (this.refusal !== undefined) throw this.refusal;
    for (const { groupId, version } of schedules) this.held.set(groupId, version);
  }

  handleUpdate(schedules: readonly EngineSchedule[]): Promise<void> {
    return this.handleRegister(schedules);
  }

  async handleUnregister(groupIds: readonly string[]): Promise<void> {
    if (this.refusal !== undefined) throw this.refusal;
    for (const groupId of groupIds) this.held.delete(groupId);
  }

  async *list(): AsyncGenerator<EngineEntry> {
    for (const groupId of [...this.held.keys()].sort()) yield { groupId, version: this.held.get(groupId)! };
  }

  fire(...fires: Fire[]): Promise<FireResult[]> {
    return this.#context!.sink.fire(fires);
  }
}

/** What the scripted operator does with a request. */
export type Script = (request: OfflineJobRequest) => JobOutcome | "run" | Error;

/** An operator that does as it is told and remembers what it was asked. Jobs that `run` end when the test says so. */
export class ScriptedOperator implements ScheduleOperator {
  readonly operatorType = "scripted";
  readonly requests: OfflineJobRequest[] = [];
  readonly cancelled: string[] = [];
  script: Script;
  readonly #running = new Map<string, { promise: Promise<JobOutcome>; end: (outcome: JobOutcome) => void }>();
  readonly #ended = new Map<string, JobOutcome>();

  constructor(script: Script = () => ({ state: "SUCCEEDED" })) {
    this.script = script;
  }

  async submit(request: OfflineJobRequest, _context: JobContext): Promise<SubmittedJob> {
    this.requests.push(request);
    const answer = this.script(request);
    if (answer instanceof Error) throw answer;
    if (answer === "run") {
      let end: (outcome: JobOutcome) => void = () => undefined;
      const promise = new Promise<JobOutcome>((resolve) => {
        end = resolve;
      });
      this.#running.set(request.runId, { promise, end });
      return { jobId: request.runId };
    }
    this.#ended.set(request.runId, answer);
    return { jobId: request.runId, outcome: answer };
  }

  async find(key: string): Promise<SubmittedJob | undefined> {
    const outcome = this.#ended.get(key);
    if (outcome !== undefined) return { jobId: key, outcome };
    return this.#running.has(key) ? { jobId: key } : undefined;
  }

  wait(jobId: string): Promise<JobOutcome> {
    return this.#running.get(jobId)!.promise;
  }

  async cancel(jobId: string): Promise<void> {
    this.cancelled.push(jobId);
    this.#running.delete(jobId);
  }

  /** Ends a running job. */
  end(runId: string, outcome: JobOutcome = { state: "SUCCEEDED" }): void {
    this.#ended.set(runId, outcome);
    this.#running.get(runId)!.end(outcome);
    this.#running.delete(runId);
  }

  /** A job whose submission's answer was lost: it runs, but nobody was told. */
  loseAnswerOf(request: OfflineJobRequest): void {
    this.#ended.set(request.runId, { state: "SUCCEEDED" });
  }

  /** The intervals that were submitted, in hours from the start. */
  get intervals(): [number, number][] {
    return this.requests.map(({ lowerBoundary, upperBoundary }) => [
      (Number(lowerBoundary) - START) / HOUR,
      (Number(upperBoundary) - START) / HOUR,
    ]);
  }
}

/** A Tidegate in memory on a clock that the test moves. */
export class Bench {
  readonly clock = new VirtualClock({ start: START });
  readonly store = new MemoryStore();
  readonly engine = new ManualEngine();
  readonly operator: ScriptedOperator;
  readonly troubles: TroubleEvent[] = [];
  tidegate: Tidegate;
  readonly #settings: TidegateSettings;

  constructor(script?: Script, settings: TidegateSettings = {}) {
    this.operator = new ScriptedOperator(script);
    this.#settings = settings;
    this.tidegate = this.#assemble();
  }

  static async started(script?: Script, settings?: TidegateSettings): Promise<Bench> {
    const bench = new Bench(script, settings);
    await bench.tidegate.start();
    return bench;
  }

  get client() {
    return this.tidegate.client;
  }

  /** Fires a group at an hour to which the clock jumps, so that nothing else plans on the way. */
  async fireAt(hours: number, groupId = "orders"): Promise<FireResult> {
    this.clock.set(hour(hours));
    const [result] = await this.engine.fire({ groupId, scheduledTime: hour(Math.floor(hours)) });
    await this.clock.settle();
    return result!;
  }

  /** Stops, and starts another manager on the same store. */
  async restart(): Promise<void> {
    const stopped = this.tidegate.stop();
    await this.clock.advance(60_000);
    await stopped;
    this.tidegate = this.#assemble();
    await this.tidegate.start();
    await this.clock.settle();
  }

  #assemble(): Tidegate {
    const { store, clock, engine, operator } = this;
    const tidegate = createTidegate({
      store,
      engines: [engine],
      operators: [operator],
      clock,
      ...this.#settings,
    });
    tidegate.events.on("trouble", (trouble) => this.troubles.push(trouble));
    return tidegate;
  }
}
