import type { OffsetSource } from "@tidegate/core/offset";
import type { SyncSink, SyncSource } from "../job/job.js";

/** How a connector reads one interval. Option values and the predicate may contain placeholders. */
export interface SourceReading {
  /** Options that depend on the interval. @default {} */
  readonly options?: Readonly<Record<string, string>>;
  /** Condition on a row. @default all rows that the options select */
  readonly predicate?: string;
}

/** How a connector writes one interval so that a second run replaces the first. */
export interface SinkWriting {
  /** `INSERT OVERWRITE` instead of `INSERT INTO`. @default false */
  readonly isOverwriting?: boolean;
  /** Options that depend on the interval. @default {} */
  readonly options?: Readonly<Record<string, string>>;
}

/** Why a table cannot be used as given: the field below it, and what to do. */
export interface Problem {
  readonly field: string;
  readonly problem: string;
}

/** A connector as a source that is read by time. */
export type SourceConnector = (source: SyncSource) => SourceReading | Problem;

/**
 * A connector as a source that is read by positions: its reading names `{{lower.offset}}` and `{{upper.offset}}`, or
 * `kafkaOffsets`.
 *
 * @param planned - the schedule's source, at registration: a table that reads another one is a problem
 */
export type PositionConnector = (source: SyncSource, planned?: OffsetSource) => SourceReading | Problem;

/** A connector as a sink; called only for sinks that must replace. */
export type SinkConnector = (sink: SyncSink) => SinkWriting | Problem;

/** The connectors that `sync` jobs may use, by name. */
export interface Connectors {
  readonly sources: Readonly<Record<string, SourceConnector>>;
  readonly positions: Readonly<Record<string, PositionConnector>>;
  readonly sinks: Readonly<Record<string, SinkConnector>>;
}

export function isProblem(given: object): given is Problem {
  return "problem" in given;
}
