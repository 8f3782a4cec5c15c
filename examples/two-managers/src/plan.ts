import { join } from "node:path";
import type { ScheduleInfo } from "@tidegate/core";

/** The servers that both managers share. */
export interface Servers {
  readonly connectionString: string;
  readonly redisPort: number;
}

/** The work of both managers, once they are ready. */
export interface Plan {
  /** Where the rows go. */
  readonly lake: string;
  /** Of all schedules, epoch ms. */
  readonly startAt: number;
  readonly endAt: number;
}

/** Rows of each second of each group: one for every 10 ms. */
export const ROWS_PER_SECOND = 100;

export const GROUPS: readonly string[] = ["orders", "payments", "returns", "shipments", "stock", "visits"];

/** Where a group's rows go. */
export function targetOf({ lake }: Plan, groupId: string): string {
  return join(lake, groupId);
}

/** Each group copies every second what came in during that second. */
export function schedulesOf(plan: Plan): ScheduleInfo[] {
  return GROUPS.map((groupId) => ({
    groupId,
    trigger: { type: "period", every: 1, unit: "second" },
    startTime: plan.startAt,
    endTime: plan.endAt,
    engineGraceMs: 3_000,
    job: {
      sql: "SELECT range AS tick FROM range($lower, $upper, INTERVAL 10 MILLISECONDS)",
      target: { path: targetOf(plan, groupId) },
    },
  }));
}
