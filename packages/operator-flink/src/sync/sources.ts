import type { SyncSource } from "../job/job.js";
import { quotedName } from "../sql/literal.js";
import type { Problem, SourceConnector, SourceReading } from "./connector.js";

/**
 * Kafka finds the first offset at or after a timestamp in each partition. The end of one interval is the start of the
 * next, so that intervals tile whatever the order of timestamps; a predicate on top would lose records out of order.
 */
const kafka: SourceConnector = () => ({
  options: {
    "scan.startup.mode": "timestamp",
    "scan.startup.timestamp-millis": "{lower:epoch_ms}",
    "scan.bounded.mode": "timestamp",
    "scan.bounded.timestamp-millis": "{upper:epoch_ms}",
  },
});

/** Pulsar seeks by publish time and stops before the first message that was published at or after the end. */
const pulsar: SourceConnector = () => ({
  options: {
    "source.start.publish-time": "{lower:epoch_ms}",
    "source.stop.at-publish-time": "{upper:epoch_ms}",
  },
});

const filesystem: SourceConnector = (source) => byPredicate(source);

/** The connector hands the predicate to the database; a table partitioned by its time is read in as many parts as asked. */
const jdbc: SourceConnector = (source) => {
  const reading = byPredicate(source);
  const isPartitionedByTime =
    source.timeColumn !== undefined &&
    source.options?.["scan.partition.column"] === source.timeColumn &&
    source.timeType?.startsWith("epoch_");
  if ("problem" in reading || !isPartitionedByTime) return reading;
  return {
    ...reading,
    options: {
      "scan.partition.lower-bound": `{lower:${source.timeType}}`,
      "scan.partition.upper-bound": `{upper:${source.timeType}}`,
    },
  };
};

/** The built-in sources. */
export const SOURCES: Readonly<Record<string, SourceConnector>> = { filesystem, jdbc, kafka, pulsar };

/** Selects an interval's rows by the column that tells their time. */
export function byPredicate({ timeColumn, timeType = "timestamp" }: SyncSource): SourceReading | Problem {
  if (timeColumn === undefined) {
    return {
      field: "timeColumn",
      problem: "must name the column that tells which interval a row belongs to",
    };
  }
  const column = quotedName(timeColumn);
  return { predicate: `${column} >= {lower:${timeType}} AND ${column} < {upper:${timeType}}` };
}
