import type { Clock } from "../clock/clock.js";
import { Waits } from "../clock/waits.js";
import type { ProbeAnswer, ProbeQuestion, ReadinessProbe } from "../probe/probe.js";
import { Slots } from "./slots.js";

/** Dependencies of `ProbeCaller`. */
export interface ProbeCallerParts {
  readonly clock: Clock;
  /** Most questions that are open at a time. @default 32 */
  readonly concurrency?: number;
  /** The longest that a probe may take to answer, ms. @default 30,000 */
  readonly timeoutMs?: number;
}

/** Asks the probes of a manager, a limited number at a time. */
export class ProbeCaller {
  readonly clock: Clock;
  readonly #timeoutMs: number;
  readonly #slots: Slots;
  readonly #waits: Waits;
  readonly #open = new Set<AbortController>();
  #isStopped = false;

  constructor({ clock, concurrency = 32, timeoutMs = 30_000 }: ProbeCallerParts) {
    this.clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#slots = new Slots(concurrency);
    this.#waits = new Waits(clock);
  }

  start(): void {
    this.#isStopped = false;
  }

  /** Ends all questions, those that wait for their turn as well. */
  stop(): void {
    this.#isStopped = true;
    for (const controller of this.#open) controller.abort();
    this.#waits.wake();
  }

  /**
   * Returns a probe's answer.
   *
   * @throws what the probe throws; an error if it does not answer in time, or not as the contract says
   */
  ask(probe: ReadinessProbe, question: ProbeQuestion): Promise<ProbeAnswer> {
    return this.#slots.use(() => this.#ask(probe, question));
  }

  /** Resolves when the work is done, or after this much time, ms, or when the manager stops. */
  async within(ms: number, work: Promise<unknown>): Promise<void> {
    await this.#waits.within(ms, work);
  }

  async #ask(probe: ReadinessProbe, question: ProbeQuestion): Promise<ProbeAnswer> {
    if (this.#isStopped) throw new Error("the manager stops");
    const controller = new AbortController();
    this.#open.add(controller);
    try {
      const context = { now: this.clock.now(), signal: controller.signal };
      const answered = await this.#waits.within(this.#timeoutMs, asked(probe, question, context));
      if (answered !== undefined) return checked(answered.answer);
      throw new Error(`it did not answer within ${this.#timeoutMs} ms`);
    } finally {
      this.#open.delete(controller);
      controller.abort();
    }
  }
}

/** Asks a probe; one that throws at once, or returns no promise, does as one that answers. */
async function asked(
  probe: ReadinessProbe,
  ...[question, context]: Parameters<ReadinessProbe["check"]>
): Promise<{ readonly answer: unknown }> {
  return { answer: await probe.check(question, context) };
}

function checked(answer: unknown): ProbeAnswer {
  const { isReady, detail, readyThrough, retryAfterMs } = (answer ?? {}) as Record<string, unknown>;
  if (
    typeof isReady === "boolean" &&
    typeof detail === "string" &&
    (readyThrough === undefined || Number.isFinite(readyThrough)) &&
    (retryAfterMs === undefined || Number.isFinite(retryAfterMs))
  )
    return answer as ProbeAnswer;
  throw new Error("its answer is not { isReady, detail }");
}
