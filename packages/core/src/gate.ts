/**
 * The contract of a gate, which holds runs until a condition is met.
 *
 * @module
 */

export type { ClosedGate, Gate, GateAnswer, GateContext, GateRequest, OpenGate } from "./gate/gate.js";
export { DependencyGate, type DependencyLedgers } from "./gates/dependency-gate.js";
export { NotBeforeGate } from "./gates/not-before-gate.js";
