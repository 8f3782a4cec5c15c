import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import { type IntervalSet, measure } from "../interval/interval-set.js";
import type { DependencyTree } from "./dependency.js";
import { type Requirement, toleranceMs } from "./requirement.js";

/** The time that a dependency asks for and a group's ledger lacks. */
export interface Finding {
  readonly requirement: Requirement;
  /** The part of the window that counts, ms: without what lies before the group's origin, unless it is awaited. */
  readonly lengthMs: number;
  readonly missing: IntervalSet;
  /** See `UnmetDependency.handOver`. */
  readonly handOver?: Interval;
  /** Whether a part is missing only since a backfill is still to run it. @default false */
  readonly isToBeRunAgain?: boolean;
}

/** A finding that keeps a run waiting. */
export interface Unmet extends Finding {
  /** The last instant at which it may still be met, epoch ms; `undefined` if it waits for ever. */
  readonly timesOutAt: EpochMs | undefined;
}

/** Whether a run may begin, must wait, or fails. */
export interface Verdict {
  readonly state: "met" | "waits" | "failed";
  /** The unmet dependencies in the order in which they are written; for `failed`, those that have timed out. */
  readonly unmet: readonly Unmet[];
}

const MET: Verdict = { state: "met", unmet: [] };

/**
 * Returns the verdict on a dependency. One that has waited longer than its time-out is met, fails, or waits on, as
 * that says; at the very instant at which the time is up it still waits, so that what is covered in that millisecond
 * counts.
 *
 * @param since - since when the run has waited, epoch ms
 */
export function verdictOn(finding: Finding, since: EpochMs, now: EpochMs): Verdict {
  const { requirement, lengthMs, missing } = finding;
  if (measure(missing) <= toleranceMs(requirement, lengthMs)) return MET;
  const { timeout } = requirement;
  if (timeout === undefined) return { state: "waits", unmet: [{ ...finding, timesOutAt: undefined }] };
  const timesOutAt = since + timeout.afterMs;
  const unmet = [{ ...finding, timesOutAt }];
  if (now <= timesOutAt) return { state: "waits", unmet };
  if (timeout.action === "run") return MET;
  return { state: timeout.action === "fail" ? "failed" : "waits", unmet };
}

/**
 * Returns the verdict on a tree. `all` fails as soon as one does, `any` once all have.
 *
 * @param verdicts - those on its dependencies, in the order in which they are written
 */
export function verdictOnTree(tree: DependencyTree, verdicts: Iterator<Verdict>): Verdict {
  if ("all" in tree) return together(tree.all.map((child) => verdictOnTree(child, verdicts)));
  if (!("any" in tree)) return verdicts.next().value as Verdict;
  const children = tree.any.map((child) => verdictOnTree(child, verdicts));
  if (children.some(({ state }) => state === "met")) return MET;
  const unmet = children.flatMap((child) => child.unmet);
  return { state: children.every(({ state }) => state === "failed") ? "failed" : "waits", unmet };
}

/** Returns the verdict on several of which all must be met. */
export function together(verdicts: readonly Verdict[]): Verdict {
  const failed = verdicts.filter(({ state }) => state === "failed");
  if (failed.length > 0) return { state: "failed", unmet: failed.flatMap(({ unmet }) => unmet) };
  const unmet = verdicts.flatMap((verdict) => verdict.unmet);
  return { state: verdicts.every(({ state }) => state === "met") ? "met" : "waits", unmet };
}
