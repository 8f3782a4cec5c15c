import type { ClaimRequest, EndEffect, PlanAnswer, PlanCommit, RunEnd } from "@tidegate/core/store";
import { mayClaimAsPlanned } from "@tidegate/store-kit";
import { planOne } from "./planning.js";
import { changeRun } from "./run-changes.js";
import type { Tables } from "./tables.js";

/** Plans, and claims runs that are ready at once: see `RunShortcuts.planAndClaim`. */
export function planAndClaim(
  tables: Tables,
  commits: readonly PlanCommit[],
  request: ClaimRequest,
): PlanAnswer[] {
  let claims = 0;
  return commits.map((commit) => {
    const isClaimed = claims < request.limit && mayClaimAsPlanned(commit, request, true);
    const answer = planOne(tables, commit, isClaimed ? request : undefined);
    if (typeof answer === "object") claims += 1;
    return answer;
  });
}

/** Ends a run, and tells the state of its group: see `RunShortcuts.endRuns`. */
export function endRun(tables: Tables, { run, change }: RunEnd): EndEffect | undefined {
  const { groups, states, lanes, pools, sleepers } = tables;
  const no = groups.numberOf(run.groupId);
  if (no === undefined) return undefined;
  const { waiting } = lanes.of(no);
  const mayWake = !sleepers.isEmpty || pools.isUsed || run.kind !== "SCHEDULED" || run.generation > 0;
  if (!changeRun(tables, change)) return undefined;
  const { version, watermark, next_fire_at: nextFireAt } = states.of(no)!;
  const { admittedRuns, gatedRuns, waitingRuns, blockingRuns } = lanes.countsOf(no);
  const openRuns = admittedRuns + gatedRuns + waitingRuns + blockingRuns;
  return {
    mayAdmit: mayWake || waiting > 0 || gatedRuns > 0,
    group: { version, watermark, nextFireAt, openRuns, blockingRuns },
  };
}
