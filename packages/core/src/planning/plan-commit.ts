import type { EpochMs } from "../clock/clock.js";
import { poolingOf } from "../pool/pooling.js";
import type { NewRun, Run } from "../run/run.js";
import { runId } from "../run/run-id.js";
import { gatingOf } from "../schedule/gates-of.js";
import type { Schedule, ScheduleSpec } from "../schedule/schedule.js";
import type { PlanCommit } from "../store/run-ledger.js";
import type { SealRead } from "../store/seal-table.js";
import type { OffsetDecision } from "./offset-plan.js";
import type { PlanDecision, PlannedInterval } from "./plan-decision.js";
import { rivalsOf } from "./plan-snapshot.js";

/** Details of a commit besides the decision. */
export interface CommitOptions {
  readonly namespace: string;
  readonly plannedAt: EpochMs;
  /** The generation of each run of the decision. @default 0 */
  readonly generations?: readonly number[] | undefined;
  /** The runs that these cover. @default none */
  readonly supersedes?: readonly Run[];
  /** Whether the runs are to run at once although the schedule is paused. @default false */
  readonly whilePaused?: boolean;
  /** The seal on which a snapshot was decided. @default any */
  readonly seal?: SealRead["seal"];
}

/** The most intervals that a run counts: stores keep 32 bits. */
const MOST_INTERVALS = 2_147_483_647;

/** Fields that all runs of a specification have alike. */
type CommonFields = Required<Pick<NewRun, "operator" | "gating" | "isPooled">>;

/** A value while it is made: a field that is set afterwards costs far less than one that is spread into a literal. */
type InTheMaking<T> = { -readonly [Key in keyof T]: T[Key] };

/** These fields by specification: most of those that are planned are planned again and again. */
const commonFields = new WeakMap<ScheduleSpec, CommonFields>();

function commonFieldsOf(spec: ScheduleSpec): CommonFields {
  const known = commonFields.get(spec);
  if (known !== undefined) return known;
  const fields = {
    operator: spec.operator.toLowerCase(),
    gating: gatingOf(spec),
    isPooled: poolingOf(spec) !== undefined,
  };
  commonFields.set(spec, fields);
  return fields;
}

/** Builds the store commit of a decision. */
export function commitOf(
  schedule: Schedule,
  decision: Pick<PlanDecision, "runs" | "newWatermark" | "nextFireAt"> &
    Partial<Pick<PlanDecision, "waits"> & Pick<OffsetDecision, "offsets">>,
  options: CommitOptions,
): PlanCommit {
  const { spec, version, incarnation, watermark } = schedule;
  const { supersedes = [], whilePaused = false } = options;
  const common = commonFieldsOf(spec);
  const commit: InTheMaking<PlanCommit> = {
    groupId: spec.groupId,
    incarnation,
    version,
    watermark,
    newWatermark: decision.newWatermark,
    nextFireAt: decision.nextFireAt,
    plannedAt: options.plannedAt,
    runs: decision.runs.map((planned, index) => newRunOf(schedule, common, planned, index, options)),
  };
  const isSnapshot = decision.runs.some(({ snapshot }) => snapshot !== undefined);
  const unlessOpen = decision.runs.length === 0 ? undefined : rivalsOf(spec, isSnapshot, whilePaused);
  if (unlessOpen !== undefined) commit.unlessOpen = unlessOpen;
  if (isSnapshot && options.seal !== undefined) commit.seal = options.seal;
  if (supersedes.length > 0) commit.supersedes = supersedes.map(({ id }) => id);
  if (whilePaused) commit.whilePaused = true;
  if (decision.waits === true) commit.waits = true;
  if (decision.offsets !== undefined) commit.offsets = decision.offsets;
  return commit;
}

function newRunOf(
  { spec: { groupId }, version, incarnation }: Schedule,
  { operator, gating, isPooled }: CommonFields,
  { lower, upper, scheduledTime, intervals, state, reason, offsets, snapshot }: PlannedInterval,
  index: number,
  { namespace, plannedAt, generations, whilePaused = false }: CommitOptions,
): NewRun {
  const generation = generations?.[index] ?? 0;
  const run: InTheMaking<NewRun> = {
    id: runId({ namespace, groupId, incarnation, lower, upper, generation }),
    groupId,
    kind: whilePaused && state === "PLANNED" ? "MANUAL" : "SCHEDULED",
    lower,
    upper,
    generation,
    intervals: Math.min(intervals, MOST_INTERVALS),
    scheduledTime,
    state,
    reason,
    scheduleVersion: version,
    backfillId: null,
    operator,
    gating,
    plannedAt,
  };
  if (isPooled) run.isPooled = true;
  if (offsets !== undefined) run.offsets = offsets;
  if (snapshot !== undefined) run.snapshot = snapshot;
  return run;
}
