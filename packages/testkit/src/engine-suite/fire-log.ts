import { type EpochMs, type Tidegate, TOKENS } from "@tidegate/core";
import type { Clock } from "@tidegate/core/clock";
import type { Fire, FireResult, FireSink } from "@tidegate/core/engine";

/** A fire as received from the engine. */
export interface ObservedFire extends Fire {
  /** When it arrived, epoch ms. */
  readonly receivedAt: EpochMs;
}

/** Whether a fire's plan was made before its answer was lost. */
type Loss = "not-planned" | "planned";

/** Stands in front of the planner: records fires, and causes failures when a test asks for them. */
export class FireLog {
  readonly #clock: Clock;
  readonly #fires: ObservedFire[] = [];
  readonly #losses: Loss[] = [];
  #sink: FireSink | undefined;
  #gate: Promise<void> | undefined;
  #underWay = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** All fires so far, in order of arrival; one that was refused and repeated is there twice. */
  get fires(): readonly ObservedFire[] {
    return this.#fires;
  }

  /** The ledger itself, for fires that are not recorded. */
  get sink(): FireSink {
    if (this.#sink === undefined) throw new Error("There is no Tidegate yet.");
    return this.#sink;
  }

  /** Number of calls of the sink that are not answered yet. */
  get underWay(): number {
    return this.#underWay;
  }

  of(groupId: string): ObservedFire[] {
    return this.#fires.filter((fire) => fire.groupId === groupId);
  }

  /** Returns the distinct nominal times that were fired for a group, by time. */
  timesOf(groupId: string): EpochMs[] {
    const times = new Set(this.of(groupId).map(({ scheduledTime }) => scheduledTime));
    return [...times].sort((a, b) => a - b);
  }

  /**
   * Makes the next calls of the sink reject: before anything was planned, or afterwards, as when an answer is
   * lost.
   */
  loseNext(count: number, loss: Loss): void {
    this.#losses.push(...Array.from({ length: count }, () => loss));
  }

  /** Leaves every call of the sink unanswered until the returned function is called. */
  hold(): () => void {
    let release = (): void => {};
    this.#gate = new Promise((resolve) => {
      release = () => {
        this.#gate = undefined;
        resolve();
      };
    });
    return () => release();
  }

  /**
   * Puts the log in front of the sink of a Tidegate that is not started yet, for its engine and the callback
   * routes around it.
   */
  attach({ container }: Tidegate): void {
    const sink = container.get(TOKENS.fireSink);
    container.rebind(TOKENS.fireSink).toConstantValue(this.#before(sink));
  }

  #before(sink: FireSink): FireSink {
    this.#sink = sink;
    return {
      fire: async (fires) => {
        const receivedAt = this.#clock.now();
        this.#fires.push(...fires.map((fire) => ({ ...fire, receivedAt })));
        this.#underWay += 1;
        try {
          await this.#gate;
          return await this.#answer(sink, fires);
        } finally {
          this.#underWay -= 1;
        }
      },
    };
  }

  async #answer(sink: FireSink, fires: readonly Fire[]): Promise<FireResult[]> {
    const loss = this.#losses.shift();
    if (loss === "not-planned") throw new Error("The sink rejects, as the test asked for.");
    const results = await sink.fire(fires);
    if (loss === "planned") throw new Error("The answer is lost, as the test asked for.");
    return results;
  }
}
