import type { EngineSchedule, EpochMs } from "@tidegate/core";

/**
 * What the server holds of a schedule: as much as it takes to fire it and to compare it with the store. Nothing of the
 * operator's configuration, so no secret, gets there.
 */
export interface Definition {
  readonly version: number;
  /** How long after its nominal time a fire is due, ms. */
  readonly delayMs: number;
  /** When the next fire is due, epoch ms; `null` when none is. */
  readonly fireAt: EpochMs | null;
}

/** The definition of a schedule. */
export function definitionOf({ version, spec, nextFireAt }: EngineSchedule): Definition {
  return { version, delayMs: spec.delayMs, fireAt: nextFireAt };
}

/** As text. Equal definitions have equal texts, so that a script can compare before it sets. */
export function encode({ version, delayMs, fireAt }: Definition): string {
  return `${version}:${delayMs}:${fireAt ?? ""}`;
}

/** The definition of a text that `encode` made. */
export function decode(text: string): Definition {
  const [version, delayMs, fireAt] = text.split(":");
  return { version: Number(version), delayMs: Number(delayMs), fireAt: fireAt ? Number(fireAt) : null };
}
