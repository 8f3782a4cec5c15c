import { rmSync } from "node:fs";
import type { NewRun, NewSchedule, PlanCommit } from "@tidegate/core/store";
import { quickFolder } from "@tidegate/test-servers";
import { aNewSchedule, aPlan, aRun, minute } from "@tidegate/testkit";

/** A directory for one test; `remove` takes it away again. */
export function temporaryDirectory(): { path: string; remove: () => void } {
  const path = quickFolder("tidegate-sqlite-");
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** The schedule of a group that is due every minute. */
export function newSchedule(groupId: string): NewSchedule {
  return aNewSchedule({ spec: { groupId } });
}

/** The run of a group's n-th minute. */
export function newRun(groupId: string, index: number): NewRun {
  return aRun({ groupId, ...minute(index) });
}

/** The commit that plans the n-th minute. */
export function planOf(groupId: string, index: number): PlanCommit {
  const { spec } = newSchedule(groupId);
  return aPlan({ spec, version: 1, watermark: minute(index).lower });
}
