import type { JsonObject, JsonValue } from "../job/json.js";

/** A condition of a schedule's source: the type of a probe and the probe's own fields. */
export interface Readiness {
  /** The probe that answers, such as `file`. */
  readonly type: string;
  readonly [field: string]: JsonValue;
}

/** The form of a probe's type. */
export const PROBE_TYPE = /^[A-Za-z0-9_.-]{1,48}$/;

const PREFIX = "ready.";

/** Returns the type of the gate that asks the probes of a type. */
export function readinessGateType(probeType: string): string {
  return PREFIX + probeType;
}

/** Returns whether a gate of this type asks probes. */
export function isReadinessGate(gateType: string): boolean {
  return gateType.startsWith(PREFIX);
}

/** Returns the entries of `ready`, without their types, by the type of the gate that asks them. */
export function readinessByGate(ready: readonly Readiness[]): ReadonlyMap<string, readonly JsonObject[]> {
  const all = new Map<string, JsonObject[]>();
  for (const { type, ...spec } of ready) {
    const gateType = readinessGateType(type);
    all.set(gateType, [...(all.get(gateType) ?? []), spec]);
  }
  return all;
}
