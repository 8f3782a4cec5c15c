import { hash } from "node:crypto";
import type { Interval } from "../interval/boundaries.js";

/**
 * The inputs of a run's id. Never a row, a host or a wall clock, so that a repeated plan names the same run.
 */
export interface RunIdentity extends Interval {
  /** Separates several installations that share one batch engine. */
  readonly namespace: string;
  readonly groupId: string;
  /** `Schedule.incarnation`: separates the ledgers that a group has had before and after a purge. */
  readonly incarnation: string;
  readonly generation: number;
}

const TIME_HEX_DIGITS = 12;
const HASH_HEX_DIGITS = 20;

/**
 * Returns a run's id: 32 lower-case hex digits, so that it fits wherever a UUID or a Flink job id does.
 *
 * The first 12 are the interval's upper bound in ms (48 bits, as in a UUID of version 7), so that ids of
 * similar times are adjacent in an index; the other 20 are from the SHA-256 of namespace, group, boundaries,
 * generation and incarnation.
 */
export function runId(identity: RunIdentity): string {
  const { namespace, groupId, incarnation, lower, upper, generation } = identity;
  const time = Math.max(0, upper).toString(16).padStart(TIME_HEX_DIGITS, "0").slice(-TIME_HEX_DIGITS);
  const named = `${namespace}\n${groupId}\n${lower}\n${upper}\n${generation}`;
  const digest = hash("sha256", incarnation === "" ? named : `${named}\n${incarnation}`, "hex");
  return time + digest.slice(0, HASH_HEX_DIGITS);
}
