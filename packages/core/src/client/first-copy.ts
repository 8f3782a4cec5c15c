import { ScheduleError } from "../errors/errors.js";
import type { ScheduleOperator } from "../operator/operator.js";
import { hasSnapshots } from "../planning/plan-snapshot.js";
import { SnapshotStates } from "../planning/snapshot-states.js";
import { isEnded, OPEN_RUN_STATES } from "../run/lane.js";
import type { Run } from "../run/run.js";
import { laneWidth } from "../schedule/normalize.js";
import type { Schedule, ScheduleSpec } from "../schedule/schedule.js";
import { eachRun } from "../store/each-run.js";
import type { RunFilter } from "../store/run-ledger.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { refuseCopyBeside, refuseSecondCopy } from "./mode-fields.js";
import { resumedFrom, UNREGISTERED } from "./unregistered-runs.js";

type Runs = Pick<ScheduleStore, "listRuns">;

/** Returns whether a run of a group has succeeded, so that its target has rows. */
export async function hasSucceeded(store: Runs, groupId: string): Promise<boolean> {
  const { items } = await store.listRuns({ groupId, states: ["SUCCEEDED"] }, { limit: 1 });
  return items.length > 0;
}

/** Returns whether the target of a group has rows, or a job that may still succeed has begun to write some. */
export async function mayHaveRows(store: Runs, groupId: string): Promise<boolean> {
  const states = ["SUBMITTING", "RUNNING", "SUCCEEDED"] as const;
  return (await store.listRuns({ groupId, states }, { limit: 1 })).items.length > 0;
}

/**
 * Refuses snapshots for a group that had none and whose job leaves beside a copy what its runs have written, or are still
 * to write: the first one would write it once more.
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
  if (states.get(groupId)?.hasCopy === true) return;
  if (await hasSucceeded(store, groupId)) refuseSecondCopy("mode", spec, operator);
  const open = await firstToWrite(store, before, spec);
  if (open !== undefined) refuseCopyBeside("mode", open, spec, operator);
}

/** Returns a run of a group that is still to write its rows, or that its registration plans again. */
async function firstToWrite(
  store: Runs,
  { spec: before, status }: Schedule,
  spec: ScheduleSpec,
): Promise<Run | undefined> {
  const { groupId } = spec;
  const open = await store.listRuns({ groupId, states: OPEN_RUN_STATES }, { limit: 1 });
  if (open.items.length > 0 || status !== "DELETED") return open.items[0];
  const from = resumedFrom(before, spec);
  const waiting = {
    groupId,
    states: ["CANCELLED"],
    reasons: [UNREGISTERED],
    includeSuperseded: false,
  } as const;
  for await (const run of eachRun(store, waiting))
    if (run.kind !== "SCHEDULED" || run.lower >= from) return run;
  return undefined;
}

/**
 * Refuses a lane that begins several runs at once while a snapshot is to be made, or made again after an unregistration,
 * and other runs are in the lane, or would follow without waiting for it: they would write beside the copy.
 *
 * @throws ScheduleError SCHEDULE_INVALID with the field
 */
export async function refuseWideLane(store: Runs, spec: ScheduleSpec): Promise<void> {
  if (laneWidth(spec) <= 1 && !spec.canOvertake) return;
  const { groupId } = spec;
  const all = { groupId, includeSuperseded: false } as const;
  const waiting = { ...all, states: ["CANCELLED"], reasons: [UNREGISTERED] } as const;
  const open = { ...all, states: OPEN_RUN_STATES };
  const first = async (filter: RunFilter) => (await store.listRuns(filter, { limit: 1 })).items[0];
  const snapshot =
    (await first({ ...open, isSnapshot: true })) ?? (await first({ ...waiting, isSnapshot: true }));
  if (snapshot === undefined) return;
  const others = [open, waiting].map((filter) => store.listRuns(filter, { limit: 2 }));
  const isAlone = (await Promise.all(others))
    .flatMap(({ items }) => items)
    .every(({ id }) => id === snapshot.id);
  if (isAlone && hasSnapshots(spec)) return;
  const field = spec.canOvertake ? "canOvertake" : "overlap";
  const [state, advice] = isEnded(snapshot.state)
    ? ["is made again first", "Register the group with one run at a time, and change that when it has ended."]
    : ["is under way", "Wait until it has ended, or cancel it."];
  throw new ScheduleError(
    "SCHEDULE_INVALID",
    `${field}: the snapshot of run ${snapshot.id} ${state}, and other runs would be carried out beside it. ${advice}`,
    { field },
  );
}
