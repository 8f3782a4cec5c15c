import type { Clock } from "../clock/clock.js";
import { Waits } from "../clock/waits.js";
import { messageOf } from "../errors/errors.js";
import type { Gate, GateAnswer, GateContext, GateRequest } from "../gate/gate.js";
import { problemWith } from "../gate/gate-answers.js";

/** How many requests in a row must fail alone before the gate itself counts as broken. */
const FAILURES_IN_A_ROW = 3;

/** Dependencies of `GateCaller`. */
export interface GateCallerParts {
  readonly clock: Clock;
  /** The longest that a gate may take to answer, ms. */
  readonly timeoutMs: number;
  readonly onTrouble: (gate: Gate, message: string, request: GateRequest | undefined) => void;
}

/**
 * Asks gates, and turns whatever goes wrong into answers that say so: errors, answers that do not fit, and
 * silence.
 */
export class GateCaller {
  readonly #parts: GateCallerParts;
  readonly #waits: Waits;
  readonly #open = new Set<AbortController>();

  constructor(parts: GateCallerParts) {
    this.#parts = parts;
    this.#waits = new Waits(parts.clock);
  }

  /** Returns an answer for each request. One that makes the gate throw costs the others nothing. */
  async ask(gate: Gate, requests: readonly GateRequest[]): Promise<readonly GateAnswer[]> {
    const together = await this.#check(gate, requests);
    if (typeof together !== "string") {
      for (const [index, answer] of together.entries()) {
        if (!answer.isOpen && answer.isBroken === true)
          this.#parts.onTrouble(gate, answer.reason, requests[index]);
      }
      return together;
    }
    return requests.length > 1 ? this.#askAlone(gate, requests) : this.#broken(gate, together, requests);
  }

  /** Ends all questions that are open; their answers say that the gate is broken. */
  stop(): void {
    for (const controller of this.#open) controller.abort();
    this.#waits.wake();
  }

  async #askAlone(gate: Gate, requests: readonly GateRequest[]): Promise<readonly GateAnswer[]> {
    const answers: GateAnswer[] = [];
    let failed: string[] = [];
    for (const [index, request] of requests.entries()) {
      const alone = await this.#check(gate, [request]);
      if (typeof alone !== "string") {
        failed = [];
        answers.push(...alone);
        continue;
      }
      failed.push(alone);
      if (failed.length === FAILURES_IN_A_ROW) {
        answers.splice(index + 1 - FAILURES_IN_A_ROW);
        return [...answers, ...this.#broken(gate, alone, requests.slice(answers.length))];
      }
      answers.push(broken(alone));
      this.#parts.onTrouble(gate, alone, request);
    }
    return answers;
  }

  #broken(gate: Gate, problem: string, requests: readonly GateRequest[]): GateAnswer[] {
    this.#parts.onTrouble(gate, problem, requests.length === 1 ? requests[0] : undefined);
    return requests.map(() => broken(problem));
  }

  /** Returns the answers, or the problem. */
  async #check(gate: Gate, requests: readonly GateRequest[]): Promise<readonly GateAnswer[] | string> {
    const { clock, timeoutMs } = this.#parts;
    const controller = new AbortController();
    this.#open.add(controller);
    try {
      const context = { now: clock.now(), signal: controller.signal };
      const returned = await this.#waits.within(timeoutMs, asked(gate, requests, context));
      if (returned === undefined) return `it did not answer within ${timeoutMs} ms`;
      return problemWith(returned.answers, requests.length) ?? returned.answers;
    } catch (error) {
      return messageOf(error);
    } finally {
      this.#open.delete(controller);
      controller.abort();
    }
  }
}

/** Asks a gate; one that throws at once, or returns no promise, does as one that answers. */
async function asked(
  gate: Gate,
  requests: readonly GateRequest[],
  context: GateContext,
): Promise<{ readonly answers: readonly GateAnswer[] }> {
  return { answers: await gate.check(requests, context) };
}

function broken(problem: string): GateAnswer {
  return { isOpen: false, isBroken: true, reason: `its gate is broken: ${problem}` };
}
