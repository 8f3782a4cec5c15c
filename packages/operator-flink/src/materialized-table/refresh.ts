import { boundsOf, type Filling, invalidJob, placeholderText, timestampText } from "@tidegate/operator-kit";
import type { MaterializedTableJob } from "../job/job.js";
import { fillText } from "../job/plain-text.js";
import type { TableRefresh } from "../rest/sql-gateway.js";
import { freshnessMs, freshnessText, parseFreshness } from "./freshness.js";

/** Flink parses no other text than `2026-01-01 00:00:00`. */
const SCHEDULE_TIME_LENGTH = 19;

const FIELD = "job.materializedTable";

/**
 * Returns the gateway request for an interval.
 *
 * @throws OperatorError JOB_INVALID for an interval that one refresh does not cover
 */
export function refreshOf(
  job: MaterializedTableJob,
  filling: Filling,
  jobId: string,
): TableRefresh & { readonly identifier: string } {
  const { identifier, partition, dynamicOptions = {}, flinkConfiguration = {} } = job;
  const common = {
    identifier,
    dynamicOptions,
    executionConfig: { ...flinkConfiguration, "$internal.pipeline.job-id": jobId },
  };
  if (partition === undefined) {
    return {
      ...common,
      isPeriodic: true,
      scheduleTime: scheduleTimeOf(filling, job.freshness),
      staticPartitions: {},
    };
  }
  const staticPartitions = Object.entries(partition).map(([name, text]) => [
    name,
    fillText(text, filling, `${FIELD}.partition.${name}`),
  ]);
  return {
    ...common,
    isPeriodic: false,
    staticPartitions: Object.fromEntries(staticPartitions),
  };
}

/**
 * Returns the time given to Flink, which subtracts the freshness from it to find the partition: elapsed time,
 * whatever the zone's clocks did meanwhile.
 *
 * @throws OperatorError JOB_INVALID for an interval of offsets, or of several periods
 */
export function scheduleTimeOf(filling: Filling, freshness: string | undefined): string {
  const { lower, upper } = boundsOf(filling.request);
  const end = placeholderText({ kind: "bound", bound: "upper", format: "timestamp" }, filling, FIELD);
  if (freshness === undefined) return end.slice(0, SCHEDULE_TIME_LENGTH);
  const period = parseFreshness(freshness);
  const periodMs = freshnessMs(period);
  if (upper - lower >= 2n * BigInt(periodMs)) {
    throw invalidJob(
      "upperBound",
      `the interval is longer than the freshness of ${freshnessText(period)}, and a refresh is of one period; ` +
        'let the schedule\'s catchup be "each" and its overlap "queue"',
    );
  }
  const time = Number(lower) + periodMs;
  return timestampText(time, filling.timezone).slice(0, SCHEDULE_TIME_LENGTH);
}
