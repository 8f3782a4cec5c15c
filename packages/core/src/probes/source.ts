import type { EpochMs } from "../clock/clock.js";
import type { GateAnswer, GateRequest } from "../gate/gate.js";
import type { Interval } from "../interval/boundaries.js";
import type { JsonObject } from "../job/json.js";
import type { ReadinessProbe } from "../probe/probe.js";
import { Inquiry } from "./inquiry.js";
import type { ProbeCaller } from "./probe-caller.js";

/** Reports that a probe is broken, on behalf of one of the runs that wait for it. */
export type OnBroken = (message: string, request: GateRequest) => void;

/** Dependencies of `Source`. */
export interface SourceParts {
  readonly probe: ReadinessProbe;
  /** The probe's entry in `ready`. */
  readonly spec: JsonObject;
  readonly timezone: string;
  readonly caller: ProbeCaller;
  readonly onBroken: OnBroken;
}

/** How often a broken source is reported at most, ms. */
const REPORT_EVERY_MS = 60_000;

/**
 * A source that a probe asks about. It is asked about the newest interval first; an answer with a watermark
 * counts for all intervals, and one without for that interval alone, so that the others are asked about as
 * well.
 */
export class Source {
  readonly #parts: SourceParts;
  #newest = new Inquiry();
  readonly #byInterval = new Map<string, Inquiry>();
  #reportedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: SourceParts) {
    this.#parts = parts;
  }

  /** Returns whether nothing is known about it any more; forgets what has grown old. */
  isForgotten(now: EpochMs): boolean {
    for (const [key, inquiry] of this.#byInterval) if (inquiry.isForgotten(now)) this.#byInterval.delete(key);
    return this.#byInterval.size === 0 && this.#newest.isForgotten(now);
  }

  /** Asks what is not known about the intervals of these requests. @param requests - at least one */
  async ask(requests: readonly GateRequest[]): Promise<void> {
    if (!this.#answersApart()) {
      await this.#ask(
        this.#newest,
        requests.reduce((a, b) => (b.interval.upper > a.interval.upper ? b : a)),
      );
      if (!this.#answersApart()) return;
      if (this.#newest.about !== undefined) this.#byInterval.set(keyOf(this.#newest.about), this.#newest);
    }
    await Promise.all(requests.map((request) => this.#askAlone(request)));
  }

  /** Returns what is known about an interval. */
  answerFor(interval: Interval, now: EpochMs): GateAnswer {
    const inquiry = this.#answersApart() ? this.#inquiry(interval) : this.#newest;
    return inquiry.answerFor(interval, now);
  }

  /** Whether its last answer was about one interval alone. */
  #answersApart(): boolean {
    return this.#newest.hasWatermark === false;
  }

  async #askAlone(request: GateRequest): Promise<void> {
    const inquiry = this.#inquiry(request.interval);
    await this.#ask(inquiry, request);
    if (inquiry.hasWatermark === true) this.#newest = inquiry;
  }

  async #ask(inquiry: Inquiry, request: GateRequest): Promise<void> {
    const { caller, probe, spec, timezone } = this.#parts;
    const question = { interval: request.interval, timezone, spec };
    const isAsked = await inquiry.ask(request.interval, caller.clock, () => caller.ask(probe, question));
    if (isAsked && inquiry.breakage !== undefined) this.#report(inquiry.breakage, request);
  }

  #report(message: string, request: GateRequest): void {
    const now = this.#parts.caller.clock.now();
    if (now < this.#reportedAt + REPORT_EVERY_MS) return;
    this.#reportedAt = now;
    this.#parts.onBroken(message, request);
  }

  #inquiry(interval: Interval): Inquiry {
    const key = keyOf(interval);
    const inquiry = this.#byInterval.get(key) ?? new Inquiry();
    this.#byInterval.set(key, inquiry);
    return inquiry;
  }
}

function keyOf({ lower, upper }: Interval): string {
  return `${lower} ${upper}`;
}
