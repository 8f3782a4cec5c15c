import type { EpochMs } from "../clock/clock.js";
import type { RunKind } from "../job/run-kind.js";
import type { Run } from "./run.js";

/**
 * The queue in which a ready run waits to be claimed.
 *
 * - `retry`: was claimed before, and waits for its next attempt;
 * - `live`: is on time, or was requested by a person (`MANUAL`);
 * - `rest`: lags behind its schedule, has a place in its lane beyond the first few, or belongs to a backfill.
 *
 * Stores may keep a queue as its index in this list.
 */
export const CLAIM_QUEUES = ["live", "rest", "retry"] as const;

/** One of `CLAIM_QUEUES`. */
export type ClaimQueue = (typeof CLAIM_QUEUES)[number];

/**
 * How many places of a lane are `live`. Those beyond are `rest`, so that a wide lane cannot hold up the
 * others.
 */
export const LIVE_PLACES = 4;

/** How much more than one interval late a run may be admitted and still count as on time, ms. */
export const LIVE_TOLERANCE_MS = 1_000;

/** Length of a round of claims, in which at least one run is `live` and at least one is `rest`. */
export const CLAIM_ROUND = 8;

/** The turn of each round that belongs to `live`. */
export const LIVE_TURN = 3;

/** The turn of each round that belongs to `rest`. */
export const REST_TURN = 7;

/** The order in which the queues are emptied. */
const PRECEDENCE = ["retry", "live", "rest"] as const satisfies readonly ClaimQueue[];

/** The inputs that decide a run's queue when it becomes ready. */
export interface Admission {
  readonly kind: RunKind;
  /** Whether it was claimed before. */
  readonly wasClaimed: boolean;
  /** Whether its lane is behind: see `isLagging`. */
  readonly isLagging: boolean;
  /** How many runs its lane had already admitted. */
  readonly placesTaken: number;
}

/** Returns the queue of a run that is admitted. */
export function queueOf({ kind, wasClaimed, isLagging, placesTaken }: Admission): ClaimQueue {
  if (wasClaimed) return "retry";
  if (kind !== "SCHEDULED") return kind === "MANUAL" ? "live" : "rest";
  return isLagging || placesTaken >= LIVE_PLACES ? "rest" : "live";
}

/**
 * Returns whether a lane is behind its schedule by more than one interval, judged by the oldest run being
 * admitted. Runs admitted with it share its queue, so that they are claimed in their order.
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

/** Compares the queues of two runs that were claimed together. */
export function compareQueues(a: ClaimQueue, b: ClaimQueue): number {
  return PRECEDENCE.indexOf(a) - PRECEDENCE.indexOf(b);
}

/**
 * Takes runs from the queues: `retry` before `live` before `rest`, except that each round of eight has a turn
 * for `live` and one for `rest`, so that neither starves. With each turn a different operator comes first.
 *
 * @param turn - how many runs this process has taken so far
 * @param take - takes at most that many out of one queue of one operator, and returns them; fewer mean that the
 *   queue is empty, so it is not asked again
 */
export function takeFairly<T>(
  { turn, limit, operators }: { turn: number; limit: number; operators: readonly string[] },
  take: (queue: ClaimQueue, operator: string, limit: number) => readonly T[],
): T[] {
  const taken: T[] = [];
  const emptied = new Set<string>();
  const takeFrom = (queue: ClaimQueue, most: number): void => {
    let left = most;
    for (let index = 0; index < operators.length && left > 0; index += 1) {
      const operator = operators[(turn + index) % operators.length]!;
      const name = `${queue} ${operator}`;
      if (emptied.has(name)) continue;
      const found = take(queue, operator, left);
      if (found.length < left) emptied.add(name);
      for (const each of found) taken.push(each);
      left -= found.length;
    }
  };
  takeFrom("rest", turnsOf(REST_TURN, turn, limit));
  takeFrom("live", turnsOf(LIVE_TURN, turn, limit));
  for (const queue of PRECEDENCE) takeFrom(queue, limit - taken.length);
  return taken;
}

/** Counts how many of the next turns are the given turn of their round. */
export function turnsOf(which: number, turn: number, limit: number): number {
  const before = (end: number): number => Math.floor((end + CLAIM_ROUND - 1 - which) / CLAIM_ROUND);
  return before(turn + limit) - before(turn);
}
