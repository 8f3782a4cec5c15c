import { isEnded } from "../run/lane.js";
import type { Run } from "../run/run.js";
import type { RunChange } from "./run-queue.js";

/** The fields of a run that describe its place. */
export type Placement = Pick<Run, "place" | "readyAt" | "leaseUntil" | "wait" | "isBlocking">;

const NOWHERE = { readyAt: null, leaseUntil: null, wait: null, isBlocking: false } as const;

/** Returns the placement of a run after a change, before its lane admits runs. */
export function placementAfter(
  run: Pick<Run, "kind" | "leaseUntil" | "isBlocking" | "isSuperseded">,
  change: RunChange,
): Placement {
  const { state, at, wait = null } = change;
  if (isEnded(state)) {
    const isBlocking = state === "FAILED" && !run.isSuperseded && (change.isBlocking ?? run.isBlocking);
    return { ...NOWHERE, place: isBlocking && run.kind === "SCHEDULED" ? "blocking" : "none", isBlocking };
  }
  if (state !== "PLANNED") return { ...NOWHERE, place: "active", leaseUntil: run.leaseUntil ?? at };
  const { place = "waiting" } = change;
  if (place === "gated") return { ...NOWHERE, place, wait };
  if (place === "ready" || run.kind !== "SCHEDULED") {
    return { ...NOWHERE, place: "ready", readyAt: change.readyAt ?? at, wait };
  }
  return { ...NOWHERE, place, wait: { reason: "lane", since: at } };
}
