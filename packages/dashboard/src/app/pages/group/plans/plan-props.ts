import type { Interval } from "@tidegate/core";

/** The group and the time that a plan is for. */
export interface PlanProps {
  readonly groupId: string;
  readonly timezone: string;
  readonly range: Interval;
  readonly onClose: () => void;
}
