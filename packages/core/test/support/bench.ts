import { VirtualClock } from "../../src/clock/virtual-clock.js";
import type { TroubleEvent } from "../../src/events/events.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import { createTidegate, type Tidegate } from "../../src/wiring/tidegate.js";
import type { TidegateSettings } from "../../src/wiring/tokens.js";
import { type Fired, ManualEngine } from "./manual-engine.js";
import { type Answer, ScriptedOperator, SUCCEEDED } from "./scripted-operator.js";

export const START = Date.UTC(2026, 0, 1);
export const HOUR = 3_600_000;

/** The n-th hour from the start. */
export const hour = (n: number): number => START + n * HOUR;

/** What becomes of each submission. */
export type Script = ScriptedOperator["answer"];

/** Jobs that run until the test ends them. */
export const running = (): Answer => "runs";

/** A Tidegate in memory on a clock that the test moves. */
export class Bench {
  readonly clock = new VirtualClock({ start: START });
  readonly store = new MemoryStore();
  readonly engine = new ManualEngine();
  readonly operator = new ScriptedOperator();
  readonly troubles: TroubleEvent[] = [];
  tidegate: Tidegate;
  readonly #settings: TidegateSettings;

  constructor(script?: Script, settings: TidegateSettings = {}) {
    if (script !== undefined) this.operator.answer = script;
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
  async fireAt(hours: number, groupId = "orders"): Promise<Fired> {
    this.clock.set(hour(hours));
    const [result] = await this.engine.fire(groupId, hour(Math.floor(hours)));
    await this.clock.settle();
    return result!;
  }

  /** The intervals that were submitted, in hours from the start. */
  get intervals(): [number, number][] {
    return this.operator.submissions.map(({ lowerBound, upperBound }) => [
      (Number(lowerBound) - START) / HOUR,
      (Number(upperBound) - START) / HOUR,
    ]);
  }

  /** Ends the job that was submitted last. */
  async endNewest(): Promise<void> {
    this.operator.end(this.operator.submissions.at(-1)!.idempotencyKey, SUCCEEDED);
    await this.clock.settle();
    await this.clock.settle();
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
