import type { EpochMs } from "../clock/clock.js";
import type { RunKind } from "../job/run-kind.js";
import type { Run } from "./run.js";

/**
 * The queue in which a ready run waits to be claimed.
 *
 * - `retry`: was claimed before, and waits for its next attempt;
 * - `live`: is on time, or a person's wish (`MANUAL`);
 * - `rest`: lags behind its schedule, has a place in its lane beyond the first few, or is a backfill's.
 *
 * Stores may keep a queue as its index in this list.
 */
export const CLAIM_QUEUES = ["live", "rest", "retry"] as const;

/** One of `CLAIM_QUEUES`. */
export type ClaimQueue = (typeof CLAIM_QUEUES)[number];

/** How many places of a lane are `live`. Those beyond wait with the rest, so that a wide lane cannot hold up the others. */
export const LIVE_PLACES = 4;

/** How much later than by one interval a run may be admitted and still be on time, ms. */
export const LIVE_TOLERANCE_MS = 1_000;

/** Of so many runs that are claimed one after the other, at least one is `live` and at least one of the `rest`. */
export const CLAIM_ROUND = 8;

/** The turn of each round that is for `live`. */
export const LIVE_TURN = 3;

/** The turn of each round that is for the `rest`. */
export const REST_TURN = 7;

/** In which order the queues are emptied. */
const PRECEDENCE = ["retry", "live", "rest"] as const satisfies readonly ClaimQueue[];

/** What a run's queue depends on when it becomes ready. */
export interface Admission {
  readonly kind: RunKind;
  /** It was claimed before. */
  readonly wasClaimed: boolean;
  /** Its lane is behind: see `isLagging`. */
  readonly isLagging: boolean;
  /** How many runs its lane had admitted before. */
  readonly placesTaken: number;
}

/** The queue of a run that is admitted. */
export function queueOf({ kind, wasClaimed, isLagging, placesTaken }: Admission): ClaimQueue {
  if (wasClaimed) return "retry";
  if (kind !== "SCHEDULED") return kind === "MANUAL" ? "live" : "rest";
  return isLagging || placesTaken >= LIVE_PLACES ? "rest" : "live";
}

/**
 * Whether a lane is behind its schedule: by more than one interval, as its oldest run tells that is admitted. Those that are
 * admitted with it share its queue, so that they are claimed in their order.
 *
 * @param at - when it is admitted, epoch ms
 * @param delayMs - the schedule's delay
 */
export function isLagging(
  oldest: Pick<Run, "lower" | "upper" | "intervals" | "scheduledTime">,
  at: EpochMs,
  delayMs: number,
): boolean {
  const lateMs = at - oldest.scheduledTime - delayMs;
  return lateMs > (oldest.upper - oldest.lower) / oldest.intervals + LIVE_TOLERANCE_MS;
}

/** Which queue comes first, where `a` and `b` are of two runs that were claimed together. */
export function compareQueues(a: ClaimQueue, b: ClaimQueue): number {
  return PRECEDENCE.indexOf(a) - PRECEDENCE.indexOf(b);
}

/**
 * Takes runs from the queues: `retry` before `live` before `rest`, except that each round of eight has a turn for `live` and
 * one for `rest`, so that neither starves. Among several operators another one comes first with each turn.
 *
 * @param turn - how many runs were taken so far, by this process
 * @param take - takes at most so many out of one queue of one operator, and says which
 */
export function takeFairly<T>(
  { turn, limit, operators }: { turn: number; limit: number; operators: readonly string[] },
  take: (queue: ClaimQueue, operator: string, limit: number) => readonly T[],
): T[] {
  const taken: T[] = [];
  const takeFrom = (queue: ClaimQueue, most: number): void => {
    let left = most;
    for (let index = 0; index < operators.length && left > 0; index += 1) {
      const found = take(queue, operators[(turn + index) % operators.length]!, left);
      taken.push(...found);
      left -= found.length;
    }
  };
  takeFrom("rest", turnsOf(REST_TURN, turn, limit));
  takeFrom("live", turnsOf(LIVE_TURN, turn, limit));
  for (const queue of PRECEDENCE) takeFrom(queue, limit - taken.length);
  return taken;
}

/** How many of the next turns are a certain one of their rounds. */
export function turnsOf(which: number, turn: number, limit: number): number {
  const before = (end: number): number => Math.floor((end + CLAIM_ROUND - 1 - which) / CLAIM_ROUND);
  return before(turn + limit) - before(turn);
}
