/**
 * The contract of a readiness probe, which asks whether a source is complete.
 *
 * @module
 */

export type { ProbeAnswer, ProbeContext, ProbeQuestion, ReadinessProbe } from "./probe/probe.js";
export { ProbeCaller, type ProbeCallerParts } from "./probes/probe-caller.js";
export { ReadinessGate, type ReadinessGateParts } from "./probes/readiness-gate.js";
export type { OnBroken } from "./probes/source.js";
