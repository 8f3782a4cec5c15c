import type { CoverageCondition } from "@tidegate/core";
import type { IconName } from "../parts/icon.js";

/** How a condition is shown: by a colour, a sign and a word. */
export interface ConditionLook {
  readonly name: string;
  readonly icon: IconName | undefined;
}

export const CONDITION_LOOKS: Readonly<Record<CoverageCondition, ConditionLook>> = {
  succeeded: { name: "Succeeded", icon: undefined },
  active: { name: "Under way", icon: "play" },
  owed: { name: "Owed", icon: "dots" },
  skipped: { name: "Skipped", icon: "skip" },
  cancelled: { name: "Cancelled", icon: "dash" },
  missing: { name: "Missing", icon: "alert" },
  failed: { name: "Failed", icon: "cross" },
};
