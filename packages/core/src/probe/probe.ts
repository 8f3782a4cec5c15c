import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import type { JsonObject } from "../job/json.js";

/** A question to a probe: is the source complete for this interval? */
export interface ProbeQuestion {
  readonly interval: Interval;
  /** The schedule's time zone, an IANA name. */
  readonly timezone: string;
  /** The entry of the schedule's `ready`, without its `type`. */
  readonly spec: JsonObject;
}

/** Circumstances of a question. */
export interface ProbeContext {
  /** The instant by which the probe answers, epoch ms. */
  readonly now: EpochMs;
  /** Aborted when the answer is no longer wanted: the manager stops, or the probe took too long. */
  readonly signal: AbortSignal;
}

/** A probe's answer. */
export interface ProbeAnswer {
  /** Whether the source is complete for the interval. */
  readonly isReady: boolean;
  /** The reason, in a few words that complete "The run waits: …", such as `there is no /data/orders/_SUCCESS`. */
  readonly detail: string;
  /**
   * The source's watermark, epoch ms: it is complete for all intervals that end by then, and for no other. A
   * source that says so is asked one question for all runs that wait for it. @default unknown
   */
  readonly readyThrough?: EpochMs;
  /**
   * The shortest wait before the question is asked again, ms, such as a service requests; 1 s to an hour.
   * @default 5 s, and longer from one question to the next, up to 5 minutes
   */
  readonly retryAfterMs?: number;
}

/**
 * Asks whether a source is complete for an interval: a file exists, a table was loaded, a service says so.
 * Schedules name probes in `ready: [{ type, … }]`; a run waits until all of them say yes. A third party's
 * probe runs the conformance suite of `@tidegate/testkit` (`probeSuite`).
 *
 * A probe answers about a state that can be asked again at any time, by several managers at once, and has no
 * effects. Equal questions of several runs are asked once, so an answer depends on the question alone.
 */
export interface ReadinessProbe {
  /** The name by which schedules choose the probe: 1 to 48 letters, digits and `_ . -`, unique among the probes. */
  readonly probeType: string;
  /** Opens what the probe needs. */
  start?(): Promise<void> | void;
  /** Closes it. Also called if `start` has failed. */
  stop?(): Promise<void> | void;
  /**
   * Checks an entry of `ready` when a schedule is registered or updated, without asking the source.
   *
   * @param spec - without its `type`
   * @throws an error whose message says what to change; its `field`, if it has one, is a path in `spec`
   */
  validate?(spec: JsonObject): void;
  /**
   * Answers a question.
   *
   * @throws an error if the source cannot be asked. That is not the same as "not ready": after 5 errors in a
   *   row the probe counts as broken. The message contains no secrets.
   */
  check(question: ProbeQuestion, context: ProbeContext): Promise<ProbeAnswer>;
}
