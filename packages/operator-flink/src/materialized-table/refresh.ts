import { DateTime } from "luxon";
import { fillArguments } from "../jar/arguments.js";
import { boundText, type Filling, sqlInstant } from "../job/bounds.js";
import { invalidJob } from "../job/invalid-job.js";
import type { MaterializedTableJob } from "../job/job.js";
import type { TableRefresh } from "../rest/sql-gateway.js";
import { freshnessMs, freshnessText, parseFreshness } from "./freshness.js";

/** The only format that Flink parses. */
const SCHEDULE_TIME = "yyyy-MM-dd HH:mm:ss";

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
  const values = fillArguments(Object.values(partition), filling);
  return {
    ...common,
    isPeriodic: false,
    staticPartitions: Object.fromEntries(Object.keys(partition).map((name, index) => [name, values[index]!])),
  };
}

/**
 * Returns the time given to Flink, which subtracts the freshness from it to find the partition: elapsed time,
 * whatever the zone's clocks did meanwhile.
 *
 * @throws OperatorError JOB_INVALID for an interval of offsets, or of several periods
 */
export function scheduleTimeOf(filling: Filling, freshness: string | undefined): string {
  const { lower, upper, timeZone } = filling;
  const end = boundText(filling, "upper", "timestamp");
  if (freshness === undefined) return end.slice(0, SCHEDULE_TIME.length);
  const period = parseFreshness(freshness);
  const periodMs = freshnessMs(period);
  if (upper - lower >= 2n * BigInt(periodMs)) {
    throw invalidJob(
      "upperBoundary",
      `the interval is longer than the freshness of ${freshnessText(period)}, and a refresh is of one period; ` +
        'let the schedule\'s catchup be "each" and its overlap "queue"',
    );
  }
  const time = sqlInstant(lower) + periodMs;
  return DateTime.fromMillis(time, { zone: timeZone }).toFormat(SCHEDULE_TIME);
}
