import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import type { Run } from "../run/run.js";
import { runId } from "../run/run-id.js";
import { gatingOf } from "../schedule/gates-of.js";
import type { Schedule } from "../schedule/schedule.js";
import type { PlanCommit } from "../store/run-ledger.js";
import type { PlanDecision } from "./plan-decision.js";

/**
 * The next generations of intervals that were given back before. All other intervals are planned in
 * generation 0.
 */
export class Generations {
  readonly #byBounds = new Map<string, number>();

  /**
   * Records the runs that stand in the way of a plan: those that gave their interval back stay in the ledger.
   */
  note(runs: readonly (Run | undefined)[]): void {
    for (const run of runs) {
      if (run?.isSuperseded) this.#byBounds.set(boundsKey(run), run.generation + 1);
    }
  }

  of(interval: Interval): number {
    return this.#byBounds.get(boundsKey(interval)) ?? 0;
  }
}

/** Builds the store commit of a decision. */
export function commitOf(
  { spec, version, incarnation, watermark }: Schedule,
  decision: PlanDecision,
  planned: {
    readonly namespace: string;
    readonly plannedAt: EpochMs;
    readonly generations: Generations | undefined;
  },
): PlanCommit {
  const { groupId } = spec;
  const { namespace, plannedAt, generations } = planned;
  return {
    groupId,
    version,
    watermark,
    newWatermark: decision.newWatermark,
    nextFireAt: decision.nextFireAt,
    plannedAt,
    runs: decision.runs.map(({ lower, upper, scheduledTime, intervals, state, reason }) => {
      const generation = generations?.of({ lower, upper }) ?? 0;
      return {
        id: runId({ namespace, groupId, incarnation, lower, upper, generation }),
        groupId,
        kind: "SCHEDULED",
        lower,
        upper,
        generation,
        intervals,
        scheduledTime,
        state,
        reason,
        scheduleVersion: version,
        backfillId: null,
        operator: spec.operator.toLowerCase(),
        gating: gatingOf(spec),
        plannedAt,
      };
    }),
  };
}

function boundsKey({ lower, upper }: Interval): string {
  return `${lower}-${upper}`;
}
