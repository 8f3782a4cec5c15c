import type { JsonValue } from "../job/json.js";
import type { Gating } from "../run/gating.js";
import { isReadinessGate, readinessByGate } from "./readiness.js";
import type { ScheduleSpec } from "./schedule.js";

/** The type of the built-in gate for the earliest start. */
export const NOT_BEFORE = "notBefore";

/** The type of the built-in gate for dependencies. */
export const DEPENDENCIES = "dependsOn";

/** Types of built-in gates, whose settings are fields of the schedule. */
export const BUILT_IN_GATES: readonly string[] = [NOT_BEFORE, DEPENDENCIES];

/** Returns whether a type is that of a built-in gate, so that `gates` cannot name it. */
export function isBuiltInGate(gateType: string): boolean {
  return BUILT_IN_GATES.includes(gateType) || isReadinessGate(gateType);
}

/** The form of a gate's type. */
export const GATE_TYPE = /^[A-Za-z0-9_.-]{1,64}$/;

/** The fields of a schedule that configure gates. */
export type GateFields = Partial<
  Pick<ScheduleSpec, "notBefore" | "dependsOn" | "dependsOnPast" | "ready" | "gates">
>;

/**
 * Returns the gates of a schedule and their settings by type, in the order in which they are named. A
 * specification stored before gates existed has none.
 */
export function gatesOf(spec: GateFields): ReadonlyMap<string, JsonValue> {
  const { notBefore, dependsOn, dependsOnPast = false, ready, gates } = spec;
  const all = new Map<string, JsonValue>();
  if (notBefore != null) all.set(NOT_BEFORE, notBefore as unknown as JsonValue);
  // Windows follow the schedule's grid, so its settings are the schedule.
  if (dependsOn != null || dependsOnPast !== false) all.set(DEPENDENCIES, spec as unknown as JsonValue);
  for (const [type, specs] of readinessByGate(ready ?? [])) all.set(type, specs);
  for (const [type, settings] of Object.entries(gates ?? {})) all.set(type, settings);
  return all;
}

/**
 * Returns how gates hold the runs of a schedule: in a lane that runs its intervals in order, one that is held
 * keeps its turn; with `overlap: "allow"` or `canOvertake` others may go first.
 */
export function gatingOf(
  spec: GateFields & Pick<ScheduleSpec, "overlap"> & Partial<Pick<ScheduleSpec, "canOvertake">>,
): Gating {
  if (gatesOf(spec).size === 0) return "none";
  return spec.overlap === "allow" || spec.canOvertake === true ? "overtakable" : "in-turn";
}
