import type { NextStep } from "./plan-step.js";
import type { PlanWork } from "./plan-work.js";
import type { CachedSchedule } from "./schedule-cache.js";

/** A step, and all that it rests on but the time. */
interface KeptStep {
  readonly step: NextStep;
  readonly basis: readonly unknown[];
}

/** The steps of groups whose sources have to be looked at first: once that is done, most need not be decided again. */
export class KeptSteps {
  readonly #steps = new WeakMap<PlanWork, KeptStep>();

  keep(work: PlanWork, cached: CachedSchedule, step: NextStep): void {
    this.#steps.set(work, { step, basis: basisOf(work, cached) });
  }

  /** Takes the step of a group, unless something that it rests on has changed since. */
  take(work: PlanWork, cached: CachedSchedule): NextStep | undefined {
    const kept = this.#steps.get(work);
    if (kept === undefined) return undefined;
    this.#steps.delete(work);
    const basis = basisOf(work, cached);
    return kept.basis.every((one, index) => one === basis[index]) ? kept.step : undefined;
  }
}

/** A cached schedule is another object after each plan, and its ends are counted. */
function basisOf(
  { snapshot, reads, isEmptyPlanned }: PlanWork,
  { schedule, ends, openRuns, uncovered }: CachedSchedule,
): readonly unknown[] {
  return [schedule, ends, openRuns, uncovered, snapshot, reads, isEmptyPlanned];
}
