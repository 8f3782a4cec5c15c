import type { EpochMs } from "../clock/clock.js";
import { poolingOf } from "../pool/pooling.js";
import type { NewRun, Run } from "../run/run.js";
import { runId } from "../run/run-id.js";
import { gatingOf } from "../schedule/gates-of.js";
import type { Schedule, ScheduleSpec } from "../schedule/schedule.js";
import type { PlanCommit } from "../store/run-ledger.js";
import type { OffsetDecision } from "./offset-plan.js";
import type { PlanDecision } from "./plan-decision.js";
import { rivalsOf } from "./plan-snapshot.js";

/** Details of a commit besides the decision. */
export interface CommitOptions {
  readonly namespace: string;
  readonly plannedAt: EpochMs;
  /** The generation of each run of the decision. @default 0 */
  readonly generations?: readonly number[];
  /** The runs that these cover. @default none */
  readonly supersedes?: readonly Run[];
  /** Whether the runs are to run at once although the schedule is paused. @default false */
  readonly whilePaused?: boolean;
}

/** The most intervals that a run counts: stores keep 32 bits. */
const MOST_INTERVALS = 2_147_483_647;

/** Fields that all runs of a specification have alike. */
type CommonFields = Pick<NewRun, "operator" | "gating" | "isPooled">;

/** These fields by specification: most of those that are planned are planned again and again. */
const commonFields = new WeakMap<ScheduleSpec, CommonFields>();

function commonFieldsOf(spec: ScheduleSpec): CommonFields {
  const known = commonFields.get(spec);
  if (known !== undefined) return known;
  const isPooled = poolingOf(spec) !== undefined;
  const fields = {
    operator: spec.operator.toLowerCase(),
    gating: gatingOf(spec),
    ...(isPooled ? { isPooled } : {}),
  };
  commonFields.set(spec, fields);
  return fields;
}

/** Builds the store commit of a decision. */
export function commitOf(
  { spec, version, incarnation, watermark }: Schedule,
  decision: Pick<PlanDecision, "runs" | "newWatermark" | "nextFireAt"> &
    Partial<Pick<PlanDecision, "waits"> & Pick<OffsetDecision, "offsets">>,
  options: CommitOptions,
): PlanCommit {
  const { groupId } = spec;
  const { namespace, plannedAt, generations, supersedes = [], whilePaused = false } = options;
  const common = commonFieldsOf(spec);
  const isSnapshot = decision.runs.some(({ snapshot }) => snapshot !== undefined);
  const unlessOpen = decision.runs.length === 0 ? undefined : rivalsOf(spec, isSnapshot, whilePaused);
  return {
    groupId,
    incarnation,
    version,
    watermark,
    newWatermark: decision.newWatermark,
    nextFireAt: decision.nextFireAt,
    plannedAt,
    ...(supersedes.length === 0 ? {} : { supersedes: supersedes.map(({ id }) => id) }),
    ...(whilePaused ? { whilePaused } : {}),
    ...(decision.waits === true ? { waits: true } : {}),
    ...(unlessOpen === undefined ? {} : { unlessOpen }),
    ...(decision.offsets === undefined ? {} : { offsets: decision.offsets }),
    runs: decision.runs.map(
      ({ lower, upper, scheduledTime, intervals, state, reason, offsets, snapshot }, index) => {
        const generation = generations?.[index] ?? 0;
        return {
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
          ...common,
          ...(offsets === undefined ? {} : { offsets }),
          ...(snapshot === undefined ? {} : { snapshot }),
          plannedAt,
        };
      },
    ),
  };
}
