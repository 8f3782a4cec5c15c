import type { EpochMs } from "../clock/clock.js";
import { contains, toSet } from "../interval/interval-set.js";
import type { Run } from "../run/run.js";
import type { Schedule } from "../schedule/schedule.js";
import type { RunLedger } from "../store/run-ledger.js";

const UNSETTLED = ["PLANNED", "SUBMITTING", "RUNNING", "FAILED"] as const;

const PAGE = 100;

/**
 * Returns the time up to which a group is covered, epoch ms: every interval before it has succeeded, or was
 * given up by a policy or a person. Reads only runs that have not simply succeeded, of which there are few.
 */
export async function coveredThrough(
  store: Pick<RunLedger, "listRuns" | "coverage">,
  { spec: { groupId }, status, origin, watermark }: Schedule,
): Promise<EpochMs> {
  if (status === "SOURCE") return reportedThrough(store, groupId, origin);
  const uncovered = await store.listRuns({ groupId, isUncovered: true }, { limit: 1 });
  let through = Math.min(watermark, uncovered.items[0]?.lower ?? watermark);
  let cursor: string | undefined;
  do {
    const filter = { groupId, states: UNSETTLED, includeSuperseded: false, order: "ascending" } as const;
    const page = await store.listRuns(filter, { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    for (const run of page.items) {
      if (run.lower >= through) return through;
      if (run.upper > origin && !(await hasSucceeded(store, run))) through = Math.max(origin, run.lower);
    }
    cursor = page.next;
  } while (cursor !== undefined);
  return through;
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

/** Returns whether an earlier generation of a run's interval has succeeded: it stays covered until the run succeeds. */
async function hasSucceeded(store: Pick<RunLedger, "coverage">, run: Run): Promise<boolean> {
  if (run.generation === 0 && run.kind === "SCHEDULED") return false;
  const ranges = await store.coverage(run.groupId, run);
  return contains(toSet(ranges.filter(({ state }) => state === "SUCCEEDED")), run);
}
