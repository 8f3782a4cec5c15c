import type { EpochMs } from "../clock/clock.js";
import type { DeadlineTimes } from "../schedule/deadline-times.js";
import type { DeadlineReason, DeadlineState } from "./deadline-record.js";

/** How long a change that nobody has reported may go unnoticed, ms. */
export const RECHECK_MS = 300_000;

/** The expectations of an interval. */
export interface DeadlineTerms extends DeadlineTimes {
  /** How long before the deadline to warn, ms. */
  readonly warnBeforeMs?: number | undefined;
  /** How long its run usually takes, ms; `undefined` if that is not known. */
  readonly usualMs?: number | undefined;
  /** Why a deadline that passes now would be excused. */
  readonly excuse?: DeadlineReason | undefined;
}

/** The state of an interval in the ledger. */
export interface IntervalFacts {
  /** When successful runs had covered all of it, epoch ms; `undefined` if they have not. */
  readonly metAt?: EpochMs | undefined;
  /** Why it will not be met unless somebody does something. */
  readonly trouble?: Extract<DeadlineReason, "failed" | "blocked" | "given-up"> | undefined;
  /** When the run that is active began, epoch ms. */
  readonly startedAt?: EpochMs | undefined;
}

/** The state of an interval, and when it may change without any event. */
export interface Verdict {
  readonly state: DeadlineState;
  readonly reason: DeadlineReason | null;
  /** When to judge again, epoch ms; infinite if never. */
  readonly lookAt: EpochMs;
}

/**
 * Judges an interval by its deadline. Pure.
 *
 * A run that ends at the deadline is late: like intervals, the time in which it is expected is half-open. Nothing
 * is at risk before it is due.
 */
export function judge(terms: DeadlineTerms, facts: IntervalFacts, now: EpochMs): Verdict {
  const { deadlineAt, dueAt, excuse } = terms;
  if (facts.metAt !== undefined) return settled(facts.metAt < deadlineAt ? "ON_TIME" : "LATE", null);
  if (now >= deadlineAt) {
    if (excuse !== undefined) return settled("EXCUSED", excuse);
    return { state: "MISSED", reason: facts.trouble ?? null, lookAt: now + RECHECK_MS };
  }
  const recheckAt = Math.min(deadlineAt, Math.max(now, dueAt) + RECHECK_MS);
  if (excuse !== undefined) return { state: "PENDING", reason: null, lookAt: recheckAt };
  const risk = riskOf(terms, facts);
  if (Math.max(risk.from, dueAt) <= now) return { state: "AT_RISK", reason: risk.reason, lookAt: recheckAt };
  return { state: "PENDING", reason: null, lookAt: Math.min(recheckAt, Math.max(risk.from, dueAt)) };
}

function settled(state: DeadlineState, reason: DeadlineReason | null): Verdict {
  return { state, reason, lookAt: Number.POSITIVE_INFINITY };
}

/** Returns from when on an interval that is not met is at risk, and why. */
function riskOf(
  { deadlineAt, warnBeforeMs, usualMs }: DeadlineTerms,
  { trouble, startedAt }: IntervalFacts,
): { readonly from: EpochMs; readonly reason: DeadlineReason } {
  if (trouble !== undefined) return { from: Number.NEGATIVE_INFINITY, reason: trouble };
  const warnAt = warnBeforeMs === undefined ? deadlineAt : deadlineAt - warnBeforeMs;
  const slowAt = slowFrom(deadlineAt, usualMs, startedAt);
  return slowAt <= warnAt ? { from: slowAt, reason: "slow" } : { from: warnAt, reason: "warning" };
}

/** Returns from when on a run would end too late at its usual duration: one that has started ends when it ends. */
function slowFrom(deadlineAt: EpochMs, usualMs: number | undefined, startedAt: EpochMs | undefined): EpochMs {
  if (usualMs === undefined) return Number.POSITIVE_INFINITY;
  if (startedAt === undefined) return deadlineAt - usualMs;
  return startedAt + usualMs >= deadlineAt ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** Returns the 95th percentile of durations, ms: the nearest rank; `undefined` if there are none. */
export function usualDuration(durations: readonly number[]): number | undefined {
  const sorted = [...durations].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.95) - 1];
}
