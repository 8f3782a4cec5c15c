import type { ScheduleInfo } from "@tidegate/core";
import type { Grid } from "./grid.js";
import { exportJob, loadJob, taxJob, totalsJob } from "./jobs.js";
import type { Lake } from "./lake.js";

/** When a pipeline runs, and on what. */
export interface PipelineOptions {
  readonly lake: Lake;
  readonly grid: Grid;
  /** Of all its groups, epoch ms. */
  readonly startTime: number;
  readonly endTime: number;
  /** How long the load waits for the last file of its interval. @default 0 */
  readonly delayMs?: number;
  /** @default "UTC" */
  readonly timezone?: string;
  /** The engine that fires the totals. @default the first one, as for the others */
  readonly engineOfTotals?: string;
}

export const LOAD = "load";
export const TAX = "tax";
export const TOTALS = "totals";
export const EXPORT = "export";

/** A load on SeaTunnel, two Flink jobs that need what it has loaded, and an export that needs both. */
export function pipelineOf(options: PipelineOptions): ScheduleInfo[] {
  const { lake, grid, startTime, endTime, delayMs = 0, timezone = "UTC", engineOfTotals } = options;
  const common = { startTime, endTime, timezone, backoff: { initialMs: 500, maxMs: 2_000 } };
  return [
    {
      ...common,
      groupId: LOAD,
      trigger: grid.load,
      operator: "seatunnel",
      delayMs,
      job: loadJob(lake),
    },
    {
      ...common,
      groupId: TAX,
      trigger: grid.tax,
      operator: "flink",
      dependsOn: { groupId: LOAD },
      job: taxJob(lake),
    },
    {
      ...common,
      groupId: TOTALS,
      trigger: grid.totals,
      operator: "flink",
      dependsOn: { groupId: LOAD },
      ...(engineOfTotals === undefined ? {} : { engine: engineOfTotals }),
      job: totalsJob(lake),
    },
    {
      ...common,
      groupId: EXPORT,
      trigger: grid.export,
      operator: "duckdb",
      dependsOn: { all: [{ groupId: TAX }, { groupId: TOTALS }] },
      job: exportJob(lake),
    },
  ];
}
