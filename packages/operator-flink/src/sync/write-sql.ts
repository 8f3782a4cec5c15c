import type { BoundaryType } from "@tidegate/core";
import type { OffsetSource } from "@tidegate/core/offset";
import { invalidJob } from "@tidegate/operator-kit";
import type { SqlJob, SyncJob, SyncTable } from "../job/job.js";
import { quotedName, stringLiteral } from "../sql/literal.js";
import {
  type Connectors,
  isProblem,
  type Problem,
  type SinkWriting,
  type SourceReading,
} from "./connector.js";

const SOURCE = "tidegate_source";
const SINK = "tidegate_sink";

/** How a source is read. */
interface ReadingBy {
  readonly boundaryType: BoundaryType;
  /** The schedule's source, if that is known. */
  readonly planned?: OffsetSource;
}

/**
 * Returns the SQL of a copy.
 *
 * @param boundaryType - the measure by which the source is read
 * @throws OperatorError JOB_INVALID for a connector that does not support it, with the reason
 */
export function sqlOf(job: SyncJob, connectors: Connectors, boundaryType: BoundaryType = "TIME"): SqlJob {
  const { source, sink, select, ...common } = job;
  const reading = readingOf(job, connectors, { boundaryType });
  const writing = writingOf(job, connectors);
  const sinkColumns = sink.columns ?? (select === undefined ? source.columns : missingColumns());
  const expressions = Object.keys(sinkColumns).map((name) => select?.[name] ?? quotedName(name));
  const where = reading.predicate === undefined ? "" : ` WHERE ${reading.predicate}`;
  const insert = writing.isOverwriting ? "INSERT OVERWRITE" : "INSERT INTO";
  return {
    ...common,
    setup: [
      createTable(SOURCE, source, source.columns, []),
      createTable(SINK, sink, sinkColumns, sink.primaryKey ?? []),
    ],
    statement:
      `${insert} ${SINK}${hint(writing.options)} ` +
      `SELECT ${expressions.join(", ")} FROM ${SOURCE}${hint(reading.options)}${where}`,
    rerun: sink.rerun === "appends" ? "appends" : "replaces",
  };
}

/**
 * Returns how the source of a copy reads a run's range.
 *
 * @throws OperatorError JOB_INVALID with the field, also if it reads another source than the planned one
 */
export function readingOf(
  { source }: SyncJob,
  { sources, positions }: Connectors,
  { boundaryType, planned }: ReadingBy,
): SourceReading {
  const isOffset = boundaryType === "OFFSET";
  const known = isOffset ? positions : sources;
  if (Object.hasOwn(known, source.connector)) {
    const connector = source.connector;
    return sound("source", isOffset ? positions[connector]!(source, planned) : sources[connector]!(source));
  }
  const range = isOffset ? "a range of positions" : "one interval";
  throw unsupported("source", `how it reads ${range} is not known; known are ${listed(known)}`);
}

function writingOf({ sink }: SyncJob, { sinks }: Connectors): SinkWriting {
  if (sink.rerun === "appends") return {};
  const connector = Object.hasOwn(sinks, sink.connector) ? sinks[sink.connector] : undefined;
  if (connector === undefined) {
    throw unsupported(
      "sink",
      `how a second run of an interval replaces the first is not known; known are ${listed(sinks)}`,
    );
  }
  return sound("sink", connector(sink));
}

function sound<T extends object>(table: "source" | "sink", given: T | Problem): T {
  if (isProblem(given)) throw invalidJob(`job.sync.${table}.${given.field}`, given.problem);
  return given;
}

function unsupported(table: "source" | "sink", problem: string): Error {
  return invalidJob(`job.sync.${table}.connector`, `${problem}; others are added by the option connectors`);
}

function listed(connectors: Readonly<Record<string, unknown>>): string {
  return Object.keys(connectors).sort().join(", ");
}

function missingColumns(): never {
  throw invalidJob(
    "job.sync.sink.columns",
    "must be given with select, since expressions have no declared types",
  );
}

function createTable(
  name: string,
  { connector, options = {} }: SyncTable,
  columns: Readonly<Record<string, string>>,
  key: readonly string[],
): string {
  const parts = Object.entries(columns).map(([column, type]) => `${quotedName(column)} ${type}`);
  if (key.length > 0) parts.push(`PRIMARY KEY (${key.map(quotedName).join(", ")}) NOT ENFORCED`);
  return `CREATE TEMPORARY TABLE ${name} (${parts.join(", ")}) WITH (${properties({ connector, ...options })})`;
}

function hint(options: Readonly<Record<string, string>> = {}): string {
  return Object.keys(options).length === 0 ? "" : ` /*+ OPTIONS(${properties(options)}) */`;
}

function properties(options: Readonly<Record<string, string>>): string {
  return Object.entries(options)
    .map(([name, value]) => `${stringLiteral(name)} = ${stringLiteral(value)}`)
    .join(", ");
}
