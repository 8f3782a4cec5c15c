import type { ScheduleOperator } from "../operator/operator.js";
import { hasSnapshots } from "../planning/plan-snapshot.js";
import { SnapshotStates } from "../planning/snapshot-states.js";
import type { Schedule, ScheduleSpec } from "../schedule/schedule.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { refuseSecondCopy } from "./mode-fields.js";

type Runs = Pick<ScheduleStore, "listRuns">;

/** Returns whether a run of a group has succeeded, so that its target has rows. */
export async function hasSucceeded(store: Runs, groupId: string): Promise<boolean> {
  const { items } = await store.listRuns({ groupId, states: ["SUCCEEDED"] }, { limit: 1 });
  return items.length > 0;
}

/**
 * Refuses snapshots for a group that had none and whose job leaves beside a copy what its runs have written: the first
 * one would write it once more.
 *
 * @throws ScheduleError HANDOVER_WOULD_DOUBLE
 */
export async function refuseLateCopy(
  store: Runs,
  before: Schedule,
  spec: ScheduleSpec,
  operator: Pick<ScheduleOperator, "operatorType" | "replacesTarget" | "writesOf"> | undefined,
): Promise<void> {
  if (hasSnapshots(before.spec) || !hasSnapshots(spec)) return;
  const { groupId } = spec;
  const states = await new SnapshotStates(store).read([{ ...before, spec }]);
  if (states.get(groupId)?.hasCopy !== true && (await hasSucceeded(store, groupId)))
    refuseSecondCopy("mode", spec, operator);
}
