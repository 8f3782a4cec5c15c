import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import { contains, toSet } from "../interval/interval-set.js";
import type { Run } from "../run/run.js";
import type { Schedule } from "../schedule/schedule.js";
import { newestCopy } from "../store/newest-snapshot.js";
import type { RunLedger } from "../store/run-ledger.js";

type Ledger = Pick<RunLedger, "listRuns" | "coverage">;

/** States of runs that may leave a hole in what is covered. */
export const UNSETTLED = ["PLANNED", "SUBMITTING", "RUNNING", "FAILED"] as const;

const PAGE = 100;

/**
 * Returns the time up to which a group is covered, epoch ms: every interval before it has succeeded, or was
 * given up by a policy or a person, or failed before a full copy that has its rows. Reads only runs that have not
 * simply succeeded, of which there are few.
 */
export async function coveredThrough(
  store: Ledger,
  { spec: { groupId }, status, origin, watermark }: Schedule,
): Promise<EpochMs> {
  if (status === "SOURCE") return reportedThrough(store, groupId, origin);
  const uncovered = await store.listRuns({ groupId, isUncovered: true }, { limit: 1 });
  const through = Math.min(watermark, uncovered.items[0]?.lower ?? watermark);
  let copiedUpTo: EpochMs | undefined;
  let cursor: string | undefined;
  do {
    const filter = { groupId, states: UNSETTLED, includeSuperseded: false, order: "ascending" } as const;
    const page = await store.listRuns(filter, { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    if (page.items.some(({ state }) => state === "FAILED"))
      copiedUpTo ??= (await newestCopy(store, groupId))?.upper ?? Number.NEGATIVE_INFINITY;
    const unsettled = page.items.filter(
      (run) => run.lower < through && run.upper > origin && !isCopied(run, copiedUpTo),
    );
    const hole = await firstHole(store, unsettled);
    if (hole !== undefined) return Math.max(origin, hole.lower);
    cursor = page.items.some(({ lower }) => lower >= through) ? undefined : page.next;
  } while (cursor !== undefined);
  return through;
}

/** Returns whether a run has failed whose rows a full copy has, which ends at an instant. */
function isCopied({ state, upper }: Run, upTo: EpochMs | undefined): boolean {
  return state === "FAILED" && upTo !== undefined && upper <= upTo;
}

/** Returns up to when a source group's coverage was reported without a gap. */
async function reportedThrough(
  store: Pick<RunLedger, "coverage">,
  groupId: string,
  origin: EpochMs,
): Promise<EpochMs> {
  const first = toSet(await store.coverage(groupId)).find(({ upper }) => upper > origin);
  return first !== undefined && first.lower <= origin ? first.upper : origin;
}

/**
 * Returns the first of some runs whose interval no earlier generation covers: one that has succeeded before
 * stays covered until it succeeds again.
 */
async function firstHole(store: Ledger, runs: readonly Run[]): Promise<Run | undefined> {
  const first = runs.findIndex(({ generation, kind }) => generation === 0 && kind === "SCHEDULED");
  const reruns = first < 0 ? runs : runs.slice(0, first);
  const succeeded: Interval[] = [];
  for (const within of toSet(reruns)) {
    const ranges = await store.coverage(reruns[0]!.groupId, within);
    succeeded.push(...ranges.filter(({ state }) => state === "SUCCEEDED"));
  }
  const covered = toSet(succeeded);
  return reruns.find((run) => !contains(covered, run)) ?? runs[first];
}
