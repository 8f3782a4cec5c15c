import { MemoryStore } from "../../src/store/memory-store.js";
import type { PlanCommit } from "../../src/store/run-ledger.js";
import type { ClaimedRun, ClaimRequest } from "../../src/store/run-queue.js";
import type { EndEffect, PlanAnswer, RunEnd } from "../../src/store/run-shortcuts.js";

/** A store in memory that managers share and that has shortcuts; it counts what they save. */
export class QuickStore extends MemoryStore {
  override readonly isShared: boolean = true;
  /** How often a manager has claimed apart from a plan, and got something. */
  claims = 0;
  /** How often a manager has read schedules. */
  reads = 0;

  async planAndClaim(commits: readonly PlanCommit[], request: ClaimRequest): Promise<PlanAnswer[]> {
    const done = await this.plan(commits);
    const claimed = await super.claim(request);
    const byId = new Map(claimed.map((claim) => [claim.run.id, claim]));
    return commits.map(({ runs }, index) =>
      done[index] ? (byId.get(runs[0]?.id ?? "") ?? "planned") : "refused",
    );
  }

  async endRuns(ends: readonly RunEnd[]): Promise<(EndEffect | undefined)[]> {
    const done = await this.changeRuns(ends.map(({ change }) => change));
    const schedules = await super.getSchedules(ends.map(({ run }) => run.groupId));
    return ends.map((_, index) => {
      if (!done[index]) return undefined;
      const { version, watermark, nextFireAt, blockingRuns, ...lane } = schedules[index]!;
      const openRuns = lane.admittedRuns + lane.gatedRuns + lane.waitingRuns + blockingRuns;
      return { mayAdmit: openRuns > 0, group: { version, watermark, nextFireAt, openRuns, blockingRuns } };
    });
  }

  override async claim(request: ClaimRequest): Promise<ClaimedRun[]> {
    const claimed = await super.claim(request);
    if (claimed.length > 0) this.claims += 1;
    return claimed;
  }

  override async getSchedules(groupIds: readonly string[]): ReturnType<MemoryStore["getSchedules"]> {
    if (groupIds.length > 0) this.reads += 1;
    return super.getSchedules(groupIds);
  }
}
