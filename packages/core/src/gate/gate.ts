import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import type { IntervalSet } from "../interval/interval-set.js";
import type { JsonValue } from "../job/json.js";
import type { RunKind } from "../job/run-kind.js";
import type { RunError, RunInput, UnmetDependency } from "../run/run.js";

/** A question to a gate: may this run begin? */
export interface GateRequest {
  readonly runId: string;
  readonly groupId: string;
  readonly kind: RunKind;
  /** The data interval of the run. */
  readonly interval: Interval;
  /** 0 for the first run of an interval, one more for each deliberate re-run. */
  readonly generation: number;
  /** The nominal time at which the run is due, epoch ms. */
  readonly scheduledTime: EpochMs;
  /** The schedule's time zone, an IANA name. */
  readonly timezone: string;
  /** The settings of this gate in the schedule: `gates.<gateType>`. */
  readonly settings: JsonValue;
  /** Since when gates have held the run, epoch ms. */
  readonly heldSince: EpochMs;
  /**
   * Whether a person has marked the run as ready: it begins whatever the answer is, and an open one only says what
   * the run is about to read. Asked of the built-in gate for dependencies alone. @default false
   */
  readonly isMarked?: boolean;
}

/** Circumstances of a check. */
export interface GateContext {
  /** The instant by which the gate answers, epoch ms. */
  readonly now: EpochMs;
  /** Aborted when the answer is no longer wanted: the manager stops, or the gate took too long. */
  readonly signal: AbortSignal;
}

/** The answer of a gate that lets the run begin. */
export interface OpenGate {
  readonly isOpen: true;
  /**
   * Time of other groups that the run is about to read. If their digests have changed before the answer is
   * written, the gate is asked again. When they change later, the run becomes stale.
   * @default none
   */
  readonly inputs?: readonly RunInput[];
}

/** The answer of a gate that holds the run. */
export interface ClosedGate {
  readonly isOpen: false;
  /** Why, in a few words that complete "The run waits: …", such as `no file /data/orders/_SUCCESS`. */
  readonly reason: string;
  /** The time that is missing upstream, if the run waits for data. */
  readonly missing?: IntervalSet;
  /**
   * The earliest instant at which the answer may be another, epoch ms, unless the run is woken before. Asked
   * again then; a time in the past means soon. @default after a minute
   */
  readonly lookAgainAt?: EpochMs;
  /** Ids of groups; when a run of any of them ends, the run is asked about again at once. */
  readonly wokenBy?: readonly string[];
  /** The dependencies that are not met, if it waits for groups. */
  readonly unmet?: readonly UnmetDependency[];
  /**
   * When the gate will no longer merely hold the run, epoch ms: asked again by then, whenever other gates of
   * the run may open.
   */
  readonly deadlineAt?: EpochMs;
  /**
   * Whether the run has waited longer than it should; reported once as a `trouble` event. @default false
   */
  readonly isOverdue?: boolean;
  /**
   * Fails the run, without an attempt; its schedule's `onFailure` applies.
   * @default the run waits
   */
  readonly failure?: RunError;
  /**
   * Whether the gate cannot tell, such as because a service does not answer. The run stays held; the error is
   * reported and the gate asked again later and later. @default false
   */
  readonly isBroken?: boolean;
}

/** A gate's answer to one request. */
export type GateAnswer = OpenGate | ClosedGate;

/**
 * A condition that a run must meet after its lane has admitted it and before it may be claimed: dependencies,
 * readiness of a source, quotas, maintenance windows. A state that can be asked again at any time, never an
 * event that can be lost. Schedules opt in with `gates: { <gateType>: settings }`. A third party's gate runs
 * the conformance suite of `@tidegate/testkit` (`gateSuite`).
 */
export interface Gate {
  /** The key of its settings in a schedule: letters, digits and `_ . -`, unique among the gates. */
  readonly gateType: string;
  /**
   * Checks a schedule's settings of this gate when it is registered or updated.
   *
   * @throws an error whose message says what to change
   */
  validate?(settings: JsonValue): void;
  /**
   * Answers all requests, one answer for each, in their order. May ask the outside world, but has no effects:
   * it may be asked at any time, as often as anybody likes, by several managers at once, and an open answer
   * need not lead to a start.
   *
   * A request that cannot be answered gets `isBroken`, so that the others get their answers; an error thrown,
   * or a wrong number of answers, counts as `isBroken` for all of them.
   */
  check(requests: readonly GateRequest[], context: GateContext): Promise<readonly GateAnswer[]>;
}
