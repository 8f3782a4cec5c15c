import type { ScheduleOperator } from "../operator/operator.js";
import { hasSnapshots } from "../planning/plan-snapshot.js";
import { SnapshotStates } from "../planning/snapshot-states.js";
import type { Schedule, ScheduleSpec } from "../schedule/schedule.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { refuseAppended } from "./mode-fields.js";

type Runs = Pick<ScheduleStore, "listRuns">;

/** Returns whether a run of a group has succeeded, so that its target has rows. */
export async function hasSucceeded(store: Runs, groupId: string): Promise<boolean> {
  const { items } = await store.listRuns({ groupId, states: ["SUCCEEDED"] }, { limit: 1 });
  return items.length > 0;
}

/**
 * Refuses snapshots for a group that had none and whose job appends: the first one would write once more what its runs
 * have written.
 *
 * @throws ScheduleError HANDOVER_WOULD_DOUBLE
 */
export async function refuseLateCopy(
  store: Runs,
  before: Schedule,
  spec: ScheduleSpec,
  operator: Pick<ScheduleOperator, "operatorType" | "writesOf"> | undefined,
): Promise<void> {
  if (hasSnapshots(before.spec) || !hasSnapshots(spec) || operator?.writesOf?.(spec.job) !== "append") return;
  const { groupId } = spec;
  const states = await new SnapshotStates(store).read([{ ...before, spec }]);
  if (states.get(groupId)?.hasCopy !== true && (await hasSucceeded(store, groupId)))
    refuseAppended("mode", `operator ${operator.operatorType}`);
}
