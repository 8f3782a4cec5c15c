import type { BrokenLaw } from "./evidence.js";
import type { History } from "./history.js";

/** A fault of the product that is known and not repaired yet. Delete it here once it is. */
export interface OpenFault {
  /** The same history without the ingredient that is known to go wrong. */
  readonly avoid?: (history: History) => History;
  /** A broken law that says nothing new. */
  readonly tolerates?: (broken: BrokenLaw) => boolean;
}

/** All that are open, by what is wrong. */
export const OPEN_FAULTS: Readonly<Record<string, OpenFault>> = {};

/** The history without the ingredients of open faults. */
export function avoidingOpenFaults(history: History): History {
  return Object.values(OPEN_FAULTS).reduce((left, { avoid }) => avoid?.(left) ?? left, history);
}

/** The open fault that a broken law shows, or `undefined` when it shows a new one. */
export function openFaultOf(broken: BrokenLaw): string | undefined {
  return Object.entries(OPEN_FAULTS).find(([, { tolerates }]) => tolerates?.(broken) === true)?.[0];
}
