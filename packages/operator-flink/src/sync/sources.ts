import type { SyncSource } from "../job/job.js";
import { quotedName } from "../sql/literal.js";
import { isProblem, type Problem, type SourceConnector, type SourceReading } from "./connector.js";

/**
 * Kafka finds the first offset at or after a timestamp in each partition. The end of one interval is the
 * start of the next, so intervals tile whatever the order of timestamps: a record belongs to the interval of
 * the latest timestamp up to it. An additional predicate would lose out-of-order records.
 */
const kafka: SourceConnector = () => ({
  options: {
    "scan.startup.mode": "timestamp",
    "scan.startup.timestamp-millis": "{{lower.unsignedMs}}",
    "scan.bounded.mode": "timestamp",
    "scan.bounded.timestamp-millis": "{{upper.unsignedMs}}",
  },
});

/** Pulsar seeks by publish time and stops before the first message published at or after the end. */
const pulsar: SourceConnector = () => ({
  options: {
    "source.start.publish-time": "{{lower.unsignedMs}}",
    "source.stop.at-publish-time": "{{upper.unsignedMs}}",
  },
});

const filesystem: SourceConnector = (source) => byPredicate(source);

/**
 * The connector passes the predicate to the database, and reads a table in parts of a column's range. Rows
 * outside that range are not read at all, so it must be the interval's; a range is numeric, so the time must
 * be a number.
 */
const jdbc: SourceConnector = (source) => {
  const { timeColumn, timeType = "timestamp", options = {} } = source;
  const reading = byPredicate(source);
  const partitionColumn = options["scan.partition.column"];
  if (timeType === "timestamptz") {
    return {
      field: "timeType",
      problem: "timestamptz is not known to the connector; read it as epochMs, through a view where need be",
    };
  }
  if (isProblem(reading) || partitionColumn === undefined) return reading;
  if (partitionColumn !== timeColumn || !timeType.startsWith("epoch")) {
    return {
      field: "options.scan.partition.column",
      problem:
        "must be the timeColumn, with the timeType epochMs or epochS: of another column's rows those beyond its bounds would be left out",
    };
  }
  return {
    ...reading,
    options: {
      "scan.partition.lower-bound": `{{lower.${timeType}}}`,
      "scan.partition.upper-bound": `{{upper.${timeType}}}`,
    },
  };
};

/** The built-in sources. */
export const SOURCES: Readonly<Record<string, SourceConnector>> = { filesystem, jdbc, kafka, pulsar };

/** Selects an interval's rows by their time column. */
export function byPredicate({ timeColumn, timeType = "timestamp" }: SyncSource): SourceReading | Problem {
  if (timeColumn === undefined) {
    return {
      field: "timeColumn",
      problem: "must name the column that tells which interval a row belongs to",
    };
  }
  const column = quotedName(timeColumn);
  return { predicate: `${column} >= {{lower.${timeType}}} AND ${column} < {{upper.${timeType}}}` };
}
