import type { ScheduleStore } from "@tidegate/core/store";
import { afterEach, beforeEach, describe } from "../runner.js";
import { backfillRules, backfillStepRules, heldBackfillRules, openRunRules } from "./backfills.js";
import { changeLogRules } from "./change-log.js";
import { fencingRules, runChangeRules } from "./changing.js";
import { claimOrderRules, claimScopeRules } from "./claim-order.js";
import { claimRules, nextWakeRules, recoveryRules } from "./claiming.js";
import { copyRules } from "./copies.js";
import {
  coverageRules,
  partialCoverageRules,
  rerunCoverageRules,
  sharedTimeRules,
  tallyRules,
} from "./coverage.js";
import { coveringRules, uncoveredRules } from "./covering.js";
import { crowdRules } from "./crowd.js";
import { alertRules, deadlineListingRules, deadlineRules, watchRules } from "./deadlines.js";
import { dueRules } from "./due.js";
import { durabilityRules } from "./durability.js";
import { fairnessRules } from "./fairness.js";
import type { StoreBed, StoreFeatures, StoreFixture, StoreSuiteOptions } from "./fixture.js";
import { gateQueueRules } from "./gate-queue.js";
import { gatedRules } from "./gated.js";
import { insertionRules, supersedingRules } from "./generations.js";
import { inputRules, stalenessRules } from "./inputs.js";
import { inspectionRules } from "./inspection.js";
import { laneRules } from "./lane.js";
import { blockingRules } from "./lane-blocking.js";
import { cancelPlannedRules, laneWidthRules } from "./lane-width.js";
import { lateRules, lookbackRules } from "./late.js";
import { cancelRequestRules, renewalRules } from "./leases.js";
import { lifecycleRules } from "./lifecycle.js";
import { logRules } from "./logs.js";
import { dependencyRules } from "./missing-time.js";
import { besideAnother, namespaceRules } from "./namespaces.js";
import { offsetRules } from "./offsets.js";
import { openJobRules } from "./open-jobs.js";
import { pausedPlanRules, planConflictRules, planningRules } from "./planning.js";
import { poolSoakRules } from "./pool-soak.js";
import { poolRateRules, poolTableRules, slotRules } from "./pools.js";
import { historyRules } from "./properties.js";
import { purgeRules } from "./purging.js";
import { generationRules, reportRules } from "./reports.js";
import { runFilterRules, runPagingRules, withinRules } from "./run-listing.js";
import { scheduleFilterRules, schedulePagingRules } from "./schedule-listing.js";
import { originRules, registrationRules, scheduleChangeRules } from "./schedules.js";
import { sealedWriteRules } from "./sealed-writes.js";
import { sealRules } from "./seals.js";
import { shapeRules } from "./shapes.js";
import { shardRules } from "./shards.js";
import { rivalryRules } from "./sharing.js";
import { endRules, planAndClaimRules } from "./shortcuts.js";
import { snapshotRules } from "./snapshots.js";
import { besideRules, plannedVersionRules, revivalRules } from "./standing.js";
import { unreadableRules } from "./unreadable.js";

export type { StoreFeatures, StoreFixture, StoreSuiteOptions } from "./fixture.js";

/**
 * Defines the rules of `ScheduleStore` as tests for Jest or Vitest: the other half of the contract. Every store runs it on
 * its real medium; features that a store lacks are declared in `supports` and reported as skipped, never
 * silently passed over.
 *
 * ```ts
 * storeSuite({ name: "sqlite", create: async () => ({ store, reopen, dispose }) });
 * ```
 */
export function storeSuite(options: StoreSuiteOptions): void {
  describe(`${options.name} keeps the rules of ScheduleStore`, () => {
    const bed = makeBed(options);
    for (const rules of RULES) rules(bed);
  });
  const { namespaces } = featuresOf(options);
  (namespaces ? describe : describe.skip)(`${options.name} keeps them beside another namespace`, () => {
    const bed = makeBed({ ...options, create: () => besideAnother(options.create) });
    for (const rules of RULES_BESIDE) rules(bed);
  });
}

const RULES: readonly ((bed: StoreBed) => void)[] = [
  lifecycleRules,
  registrationRules,
  scheduleChangeRules,
  originRules,
  scheduleFilterRules,
  schedulePagingRules,
  dueRules,
  planningRules,
  planConflictRules,
  pausedPlanRules,
  coveringRules,
  uncoveredRules,
  laneRules,
  blockingRules,
  laneWidthRules,
  cancelPlannedRules,
  gatedRules,
  gateQueueRules,
  dependencyRules,
  claimRules,
  claimOrderRules,
  claimScopeRules,
  recoveryRules,
  nextWakeRules,
  planAndClaimRules,
  endRules,
  offsetRules,
  snapshotRules,
  copyRules,
  poolTableRules,
  slotRules,
  poolRateRules,
  fairnessRules,
  poolSoakRules,
  fencingRules,
  runChangeRules,
  renewalRules,
  cancelRequestRules,
  openJobRules,
  insertionRules,
  supersedingRules,
  revivalRules,
  besideRules,
  plannedVersionRules,
  runFilterRules,
  withinRules,
  runPagingRules,
  coverageRules,
  rerunCoverageRules,
  partialCoverageRules,
  sharedTimeRules,
  tallyRules,
  reportRules,
  generationRules,
  inputRules,
  stalenessRules,
  backfillRules,
  backfillStepRules,
  openRunRules,
  heldBackfillRules,
  watchRules,
  deadlineRules,
  deadlineListingRules,
  alertRules,
  sealRules,
  sealedWriteRules,
  shardRules,
  logRules,
  lookbackRules,
  lateRules,
  changeLogRules,
  inspectionRules,
  purgeRules,
  unreadableRules,
  durabilityRules,
  rivalryRules,
  crowdRules,
  historyRules,
  shapeRules,
];

/** The rules that are tested again beside another namespace: those of whole tables, not of one group or run. */
const RULES_BESIDE: readonly ((bed: StoreBed) => void)[] = [
  namespaceRules,
  registrationRules,
  scheduleFilterRules,
  schedulePagingRules,
  dueRules,
  planningRules,
  laneRules,
  claimRules,
  claimOrderRules,
  claimScopeRules,
  recoveryRules,
  nextWakeRules,
  poolTableRules,
  slotRules,
  openJobRules,
  runFilterRules,
  runPagingRules,
  tallyRules,
  backfillRules,
  watchRules,
  deadlineRules,
  deadlineListingRules,
  alertRules,
  changeLogRules,
  purgeRules,
  rivalryRules,
];

function featuresOf({ supports }: StoreSuiteOptions): StoreFeatures {
  return { reopen: true, sharing: false, namespaces: true, shortcuts: false, ...supports };
}

/**
 * Creates one fixture per test; what a test opens in addition is closed before the fixture is disposed of.
 */
function makeBed(options: StoreSuiteOptions): StoreBed {
  const { create, propertyRuns = 100 } = options;
  let fixture: StoreFixture | undefined;
  const opened: ScheduleStore[] = [];
  beforeEach(async () => {
    fixture = await create();
  });
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
    await fixture?.dispose();
    fixture = undefined;
  });
  const offered = async (member: "reopen" | "connect"): Promise<ScheduleStore> => {
    const open = fixture?.[member];
    if (open === undefined) {
      throw new Error(
        `The fixture lacks \`${member}\`: add it, or say in \`supports\` that the store cannot.`,
      );
    }
    const store = await open();
    opened.push(store);
    return store;
  };
  const features = featuresOf(options);
  return {
    fixture: () => fixture!,
    store: () => fixture!.store,
    second: async () => (features.sharing ? offered("connect") : fixture!.store),
    reopened: async () => {
      await fixture!.store.close();
      return offered("reopen");
    },
    create,
    supports: features,
    propertyRuns,
  };
}
