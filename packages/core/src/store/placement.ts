import type { EpochMs } from "../clock/clock.js";
import type { Gating } from "../run/gating.js";
import { isEnded } from "../run/lane.js";
import type { Run, RunState, RunWait } from "../run/run.js";
import type { RunChange } from "./run-queue.js";

/** The fields of a run that describe its place. */
export type Placement = Pick<Run, "place" | "readyAt" | "leaseUntil" | "wait" | "isBlocking">;

const NOWHERE = { readyAt: null, leaseUntil: null, wait: null, isBlocking: false } as const;

/** Returns the placement of a run after a change, before its lane admits runs. */
export function placementAfter(
  run: Pick<Run, "kind" | "leaseUntil" | "isBlocking" | "isSuperseded"> & {
    readonly gating?: Gating;
    /** See `isHeldBeside`. @default false */
    readonly isHeld?: boolean;
  },
  change: RunChange,
): Placement {
  const { state, at, wait = null } = change;
  if (isEnded(state)) {
    const isBlocking = !run.isSuperseded && blocks(run, change);
    return { ...NOWHERE, place: isBlocking && run.kind === "SCHEDULED" ? "blocking" : "none", isBlocking };
  }
  if (state !== "PLANNED") return { ...NOWHERE, place: "active", leaseUntil: run.leaseUntil ?? at };
  const { place = "waiting" } = change;
  if (place === "gated") return { ...NOWHERE, place, wait };
  if (place === "waiting" && run.isHeld === true) return { ...NOWHERE, place, wait: lane(at) };
  if (place === "waiting" && run.kind !== "SCHEDULED" && (run.gating ?? "none") !== "none") {
    return { ...NOWHERE, place: "gated", wait: gatedSince(at) };
  }
  if (place === "ready" || run.kind !== "SCHEDULED") {
    return { ...NOWHERE, place: "ready", readyAt: change.readyAt ?? at, wait };
  }
  return { ...NOWHERE, place, wait: lane(at) };
}

/** A cancelled run blocks only if its cancellation says so: one that has failed blocks no longer once it is cancelled. */
function blocks({ isBlocking }: Pick<Run, "isBlocking">, change: RunChange): boolean {
  if (change.state === "FAILED") return change.isBlocking ?? isBlocking;
  return change.state === "CANCELLED" && change.isBlocking === true;
}

function lane(since: EpochMs): RunWait {
  return { reason: "lane", since };
}

/** Returns what a run waits for whose gates are about to be asked. */
export function gatedSince(at: EpochMs): RunWait {
  return { reason: "gate", since: at };
}

/** The states of runs that ended without success. */
export const FAILURES: readonly RunState[] = ["FAILED", "CANCELLED", "SKIPPED"];

/**
 * Returns the state of a run that ended without success; else `null`. Stores keep it in a column of its own, so that
 * indexes of such runs cost a run that succeeds nothing.
 */
export function failureOf(state: RunState): RunState | null {
  return FAILURES.includes(state) ? state : null;
}
