import type { EpochMs } from "@tidegate/core";
import type { EngineSchedule } from "@tidegate/core/engine";

/**
 * A schedule as the server holds it: enough to fire it and to compare it with the store. Nothing of the
 * operator's configuration, and so no secret, is included.
 */
export interface Definition {
  readonly version: number;
  /** Delay of a fire after its nominal time, ms. */
  readonly delayMs: number;
  /** When the next fire is due, epoch ms; `null` if there is none. */
  readonly fireAt: EpochMs | null;
}

/** All that is read of a schedule. */
export type FiredSchedule = Pick<EngineSchedule, "groupId" | "version" | "delayMs" | "nextFireAt">;

/** Returns the definition of a schedule. */
export function definitionOf({ version, delayMs, nextFireAt }: FiredSchedule): Definition {
  return { version, delayMs, fireAt: nextFireAt };
}

/**
 * Encodes a definition as text. Equal definitions have equal texts, so that a script can compare before it
 * sets.
 */
export function encode({ version, delayMs, fireAt }: Definition): string {
  return `${version}:${delayMs}:${fireAt ?? ""}`;
}

/** Decodes a text that `encode` made. */
export function decode(text: string): Definition {
  const [version, delayMs, fireAt] = text.split(":");
  return { version: Number(version), delayMs: Number(delayMs), fireAt: fireAt ? Number(fireAt) : null };
}
