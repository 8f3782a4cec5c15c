import { ScheduleError } from "../errors/errors.js";
import type { ScheduleOperator } from "../operator/operator.js";
import { effectOf } from "../operator/target-effect.js";
import { hasSnapshots } from "../planning/plan-snapshot.js";
import type { Run } from "../run/run.js";
import type { ScheduleSpec } from "../schedule/schedule.js";
import { compileTrigger } from "../trigger/compile.js";

const MODE = "full-then-incremental";

const WAY_OUT = "Let the job upsert by key, or write to a target that a full copy replaces as a whole";

/** The part of an operator that says what a snapshot and its increments do to a target. */
type Writer = Pick<ScheduleOperator, "canReadAt" | "operatorType" | "replacesTarget" | "writesOf">;

/**
 * Checks what a schedule says of its snapshots: that increments begin exactly where one ends, and that no row is written
 * by both.
 *
 * @throws ScheduleError SCHEDULE_INVALID, HANDOVER_WOULD_DOUBLE, with the field; TriggerError for `fullEvery`
 */
export function checkMode(spec: ScheduleSpec, operator: Writer | undefined): void {
  const { boundaryType, catchup, catchupWindowMs, fireAt, fullEvery, onLoss, overlap, startAt, timezone } =
    spec;
  if (!hasSnapshots(spec)) {
    if (fullEvery !== null) throw invalid("fullEvery", `is only for the mode "${MODE}"`);
    if (spec.resnapshotBy != null && spec.mode !== "full")
      throw invalid("resnapshotBy", `is only for the modes "full" and "${MODE}"`);
    if (onLoss === "resnapshot") throw invalid("onLoss", `"resnapshot" is only for the mode "${MODE}"`);
    return;
  }
  if (fullEvery !== null) compileTrigger(fullEvery, timezone, { startTime: spec.startTime });
  if (fireAt === "interval-start")
    throw invalid("fireAt", `must be "interval-end": a snapshot would be made before its interval is over`);
  if (startAt !== null && startAt !== "earliest")
    throw invalid("startAt", `must be left out: with the mode "${MODE}", the first run reads everything`);
  if (onLoss === "resnapshot" && overlap === "allow")
    throw invalid("onLoss", '"resnapshot" needs another overlap than "allow": a snapshot is made alone');
  if (boundaryType === "TIME") {
    const waits = "intervals that wait for a snapshot would be given up";
    if (catchup === "drop") throw invalid("catchup", `must not be "drop": ${waits}`);
    if (catchupWindowMs !== null) throw invalid("catchupWindowMs", `must be left out: ${waits}`);
  }
  if (operator !== undefined) refuseDoubling(spec, operator);
}

/**
 * Refuses snapshots whose rows increments, or a later snapshot, would write once more.
 *
 * @throws ScheduleError HANDOVER_WOULD_DOUBLE
 */
function refuseDoubling(spec: ScheduleSpec, operator: Writer): void {
  const { boundaryType, fullEvery, job, onLoss } = spec;
  const { writes } = effectOf(spec, operator);
  if (operator.canReadAt?.(job, boundaryType) === false && writes !== "upsert") {
    throw doubling(
      "mode",
      `the job of operator ${operator.operatorType} cannot end a full read at the upper bound, so that rows behind it would be written by the snapshot and by the first increment. Give the job a column by which it is bounded, or let it upsert by key`,
    );
  }
  const again = fullEvery !== null ? "fullEvery" : onLoss === "resnapshot" ? "onLoss" : undefined;
  if (again !== undefined) refuseSecondCopy(again, spec, operator);
}

/**
 * Refuses a snapshot of a target that has rows already, if they would stay beside those of the copy.
 *
 * @param field - the field that asks for it
 * @throws ScheduleError HANDOVER_WOULD_DOUBLE
 */
export function refuseSecondCopy(
  field: string,
  spec: Pick<ScheduleSpec, "job" | "operator" | "resnapshotBy">,
  operator: Writer | undefined,
): void {
  const { writes, replacesTarget } = effectOf(spec, operator);
  if (writes === "upsert" || replacesTarget) return;
  throw doubling(field, `the job of operator ${spec.operator} ${effects[writes ?? "unknown"]}. ${WAY_OUT}`);
}

/**
 * Refuses a snapshot while a run may still write rows of which it has some as well, if both would stay.
 *
 * @param field - the field that asks for it
 * @param open - the run
 * @throws ScheduleError HANDOVER_WOULD_DOUBLE
 */
export function refuseCopyBeside(
  field: string,
  { id }: Pick<Run, "id">,
  spec: Pick<ScheduleSpec, "job" | "operator" | "resnapshotBy">,
  operator: Writer | undefined,
): void {
  if (mayCopyAgain(spec, operator)) return;
  const problem = `run ${id} may still write rows, and a snapshot would write them once more`;
  throw doubling(field, `${problem}. Cancel it, since the snapshot reads its time as well. ${WAY_OUT}`);
}

/** Returns whether a target that has rows already has each once after another snapshot of them. */
export function mayCopyAgain(
  spec: Pick<ScheduleSpec, "job" | "resnapshotBy">,
  operator: Writer | undefined,
): boolean {
  const { writes, replacesTarget } = effectOf(spec, operator);
  return writes === "upsert" || replacesTarget;
}

const effects = {
  append: "appends its rows, so that another snapshot would write all of them again",
  replace: "replaces the rows of one interval alone, so that older ones would stay beside another snapshot",
  unknown:
    "may append its rows as far as is known here, so that another snapshot would write all of them again. If it does not, say so in resnapshotBy",
} as const;

/** Returns notes for whoever registers a schedule that makes snapshots, in plain sentences. */
export function modeNotes(spec: ScheduleSpec, operator: Writer | undefined): readonly string[] {
  const { boundaryType, job, mode } = spec;
  const isUnknown =
    mode === "full" && operator !== undefined && effectOf(spec, operator).writes === undefined;
  const rewriting = rewritingField(spec);
  const isBlurred = hasSnapshots(spec) && operator?.canReadAt?.(job, boundaryType) === false;
  return [
    ...(isUnknown
      ? [
          'mode is "full", and it is not known how the job writes: if an older interval is run again, it may put an older copy over a later one. If each copy replaces the whole target, say so (resnapshotBy: "replace"); such runs then yield to the later copy.',
        ]
      : []),
    ...(hasSnapshots(spec) && boundaryType === "TIME"
      ? [
          'mode is "full-then-incremental" by a time column: increments do not see rows that are deleted in the source; a snapshot that replaces the target does (fullEvery, client.resnapshot).',
        ]
      : []),
    ...(spec.seal != null && rewriting !== undefined
      ? [`${rewriting}: each full copy writes everything again, also time that is sealed (seal).`]
      : []),
    ...(isBlurred
      ? [
          "A snapshot may hold rows that are newer than its interval: the target is consistent once increments have passed its end (consistentFrom in the audit).",
        ]
      : []),
  ];
}

/** Returns the field by which a schedule copies everything again and again, if it does. */
function rewritingField(spec: ScheduleSpec): string | undefined {
  const { fullEvery, mode, onLoss } = spec;
  if (mode === "full") return "mode";
  if (!hasSnapshots(spec)) return undefined;
  if (fullEvery != null) return "fullEvery";
  return onLoss === "resnapshot" ? "onLoss" : undefined;
}

function invalid(field: string, problem: string): ScheduleError {
  return new ScheduleError("SCHEDULE_INVALID", `${field}: ${problem}.`, { field });
}

function doubling(field: string, problem: string): ScheduleError {
  return new ScheduleError("HANDOVER_WOULD_DOUBLE", `${field}: ${problem}.`, { field });
}
