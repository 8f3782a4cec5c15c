import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ScheduleInfo } from "@tidegate/core";

/** What the manager and the source are given. */
export interface Plan {
  /** The JobManager's REST, and the SQL Gateway's. */
  readonly url: string;
  readonly gatewayUrl: string;
  /** Of the manager's database. */
  readonly directory: string;
  /** Where files come in, and where their rows go. */
  readonly source: string;
  readonly target: string;
  /** Of the schedule, epoch ms. */
  readonly startAt: number;
  readonly endAt: number;
}

export const GROUP = "orders";

export const INTERVAL_MS = 2_000;

/** A file is there as soon as its first order is due; intervals are run when it surely is. */
const DELAY_MS = 3_000;

export function databaseOf({ directory }: Plan): string {
  return join(directory, "tidegate.db");
}

/** Every two seconds, the rows of those two seconds are copied by Flink. */
export function scheduleOf(plan: Plan): ScheduleInfo {
  const files = (folder: string) => ({
    connector: "filesystem",
    options: { path: pathToFileURL(folder).href, format: "csv" },
  });
  return {
    groupId: GROUP,
    trigger: { type: "period", every: INTERVAL_MS / 1_000, unit: "second" },
    startTime: plan.startAt,
    endTime: plan.endAt,
    delayMs: DELAY_MS,
    // Flink may be away for as long as it takes to restart.
    maxAttempts: 30,
    backoff: { initialMs: 500, maxMs: 2_000 },
    job: {
      sync: {
        source: {
          ...files(plan.source),
          columns: { id: "INT", ordered_at: "TIMESTAMP(3)" },
          timeColumn: "ordered_at",
        },
        sink: files(plan.target),
      },
    },
  };
}
