import type { Clock } from "../clock/clock.js";
import { StoreError } from "../errors/errors.js";
import type { NewRun } from "../run/run.js";
import { Grid } from "../schedule/grid.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { commitOf, Generations } from "./plan-commit.js";
import { decidePlan, MAX_RUNS_PER_PLAN } from "./plan-decision.js";

/** How often to decide again after another writer was faster. */
const MAX_CONFLICTS = 20;

/** Dependencies of `planWhilePaused`. */
export interface PlanWhilePausedParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly namespace: string;
}

/**
 * Plans what a paused schedule owes, as its catch-up policy says, to run at once beside its lane, because a
 * person asks for it. Plans at most as much as one step; the rest stays owed. Plans nothing if the schedule
 * is not paused.
 */
export async function planWhilePaused(
  { store, clock, namespace }: PlanWhilePausedParts,
  groupId: string,
): Promise<readonly NewRun[]> {
  const generations = new Generations();
  for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts += 1) {
    const [schedule] = await store.getSchedules([groupId]);
    if (schedule?.status !== "PAUSED") return [];
    const { spec, watermark } = schedule;
    const decision = decidePlan({
      spec,
      grid: new Grid(spec),
      watermark,
      now: clock.now(),
      openRuns: 0,
      nextFireAt: schedule.nextFireAt,
      room: MAX_RUNS_PER_PLAN,
    });
    if (decision.outcome !== "planned") return [];
    const commit = commitOf(schedule, decision, { namespace, plannedAt: clock.now(), generations });
    const runs = commit.runs.map((run) =>
      run.state === "PLANNED" ? { ...run, kind: "MANUAL" as const } : run,
    );
    if ((await store.plan([{ ...commit, runs, whilePaused: true }]))[0]) return runs;
    generations.note(await store.getRuns(runs.map(({ id }) => id)));
  }
  throw new StoreError("STORE_FAILED", `The watermark of group ${groupId} cannot be moved.`);
}
