import type { Run } from "../run/run.js";
import type { ScheduleStore } from "../store/schedule-store.js";

/**
 * Returns the ids of those runs whose reading of their source was ended by a rebase: their positions may mean other
 * data now. The rebase cancels those that are there, but others may be planned beside it. Asks the store only if there
 * are positions.
 */
export async function ofEndedReadings(
  store: Pick<ScheduleStore, "getEpochs">,
  runs: readonly Run[],
): Promise<ReadonlySet<string>> {
  const placed = runs.filter(({ offsets }) => offsets !== null);
  if (placed.length === 0) return new Set();
  const groupIds = [...new Set(placed.map(({ groupId }) => groupId))];
  const found = await store.getEpochs(groupIds);
  const epochs = new Map(groupIds.map((groupId, index) => [groupId, found[index]!]));
  return new Set(
    placed.filter(({ groupId, offsets }) => offsets!.epoch < epochs.get(groupId)!).map(({ id }) => id),
  );
}
