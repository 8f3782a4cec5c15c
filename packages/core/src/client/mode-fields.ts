import { ScheduleError } from "../errors/errors.js";
import type { ScheduleOperator } from "../operator/operator.js";
import { hasSnapshots } from "../planning/plan-snapshot.js";
import type { ScheduleSpec } from "../schedule/schedule.js";
import { compileTrigger } from "../trigger/compile.js";

const MODE = "full-then-incremental";

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
  const writes = operator.writesOf?.(job);
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
  { job }: Pick<ScheduleSpec, "job">,
  operator: Writer | undefined,
): void {
  const writes = operator?.writesOf?.(job);
  if (operator === undefined || writes === undefined || writes === "upsert") return;
  if (writes === "replace" && operator.replacesTarget?.(job) === true) return;
  const effect =
    writes === "append"
      ? "appends its rows, so that another snapshot would write all of them again"
      : "replaces the rows of one interval alone, so that older ones would stay beside another snapshot";
  throw doubling(
    field,
    `the job of operator ${operator.operatorType} ${effect}. Let it upsert by key, or write to a target that a full copy replaces as a whole`,
  );
}

/** Returns notes for whoever registers a schedule that makes snapshots, in plain sentences. */
export function modeNotes(
  { boundaryType, fullEvery, job, mode, onLoss, seal }: ScheduleSpec,
  operator: Writer | undefined,
): readonly string[] {
  if (!hasSnapshots({ mode })) return [];
  const isBlurred = operator?.canReadAt?.(job, boundaryType) === false;
  return [
    ...(boundaryType === "TIME"
      ? [
          'mode is "full-then-incremental" by a time column: increments do not see rows that are deleted in the source; a snapshot that replaces the target does (fullEvery, client.resnapshot).',
        ]
      : []),
    ...(seal != null && (fullEvery != null || onLoss === "resnapshot")
      ? [
          `${fullEvery != null ? "fullEvery" : "onLoss"}: each snapshot writes everything again, also time that is sealed (seal).`,
        ]
      : []),
    ...(isBlurred
      ? [
          "A snapshot may hold rows that are newer than its interval: the target is consistent once increments have passed its end (consistentFrom in the audit).",
        ]
      : []),
  ];
}

function invalid(field: string, problem: string): ScheduleError {
  return new ScheduleError("SCHEDULE_INVALID", `${field}: ${problem}.`, { field });
}

function doubling(field: string, problem: string): ScheduleError {
  return new ScheduleError("HANDOVER_WOULD_DOUBLE", `${field}: ${problem}.`, { field });
}
