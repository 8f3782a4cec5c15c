import type { CoverageBuckets, Interval } from "@tidegate/core";
import { BackfillPlan } from "./backfill-plan.js";
import { ReportPlan } from "./report-plan.js";
import { RestatePlan } from "./restate-plan.js";
import { SealPlan } from "./seal-plan.js";

/** The actions on a range of a group. */
export type RangeAct = "backfill" | "restate" | "seal" | "report";

interface PlanDialogProps {
  readonly act: RangeAct;
  readonly coverage: CoverageBuckets;
  readonly range: Interval;
  readonly onClose: () => void;
}

const PLANS = { backfill: BackfillPlan, restate: RestatePlan, seal: SealPlan, report: ReportPlan } as const;

/** Shows what would be done with a range, before it is. */
export function PlanDialog({ act, coverage, range, onClose }: PlanDialogProps) {
  const Plan = PLANS[act];
  const { groupId, timezone } = coverage;
  return <Plan groupId={groupId} timezone={timezone} range={range} onClose={onClose} />;
}
