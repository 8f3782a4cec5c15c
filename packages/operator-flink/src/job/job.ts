import type { Rerun } from "@tidegate/operator-kit";

// Types, not interfaces: TypeScript accepts these as JSON, so a typed job can be a schedule's `job`.

/** The `job` of a schedule that uses the operator `flink`: one of four kinds, distinguished by its field. */
export type FlinkJob =
  | { readonly jar: JarJob }
  | { readonly sql: SqlJob }
  | { readonly sync: SyncJob }
  | { readonly materializedTable: MaterializedTableJob };

/** Fields of all kinds. */
export type CommonJob = {
  /** Flink's configuration for the job, such as `{ "parallelism.default": "4" }`. @default {} */
  readonly flinkConfiguration?: Readonly<Record<string, string>>;
  /** The IANA time zone of dates and of timestamps without one, and of the SQL session. @default "UTC" */
  readonly timezone?: string;
  /**
   * The way to treat an interval whose job Flink has forgotten, as a JobManager without high availability does
   * when it restarts; whether the job had ended is unknown. `resubmit` runs the interval again, which is
   * right if a second run replaces; `hold` fails the run and leaves the decision to a person. @default
   * "resubmit" if a second run replaces, else "hold"
   */
  readonly onLost?: "resubmit" | "hold";
};

/**
 * A program in a jar. Placeholders in its arguments, such as `{{lower.epochMs}}`, are filled with the
 * interval.
 */
export type JarJob = CommonJob & {
  /** The jar on this machine's disk, in one of the operator's `jarFolders`. */
  readonly path: string;
  /** @default the one in the jar's manifest */
  readonly entryClass?: string;
  /** The program's arguments, one string each, such as `["--from", "{{lower.epochMs}}"]`. @default [] */
  readonly programArgs?: readonly string[];
  /** 1 to 32,768. @default Flink's */
  readonly parallelism?: number;
  /** @default "replaces", as a batch job of an interval should */
  readonly rerun?: Rerun;
};

/** Flink SQL through the SQL Gateway. */
export type SqlJob = CommonJob & {
  /**
   * Statements that set up a session, such as `CREATE TEMPORARY TABLE` or `USE CATALOG`. A session serves
   * many intervals, so they must not depend on the interval; `{{secret.name}}` may stand inside a string.
   * @default []
   */
  readonly setup?: readonly string[];
  /**
   * Statements run before each submission, such as `ALTER TABLE t DROP IF EXISTS PARTITION (day =
   * '{{lower.date}}')` if the catalog would otherwise keep the old files of an interval that has become empty.
   * @default []
   */
  readonly prepare?: readonly string[];
  /**
   * One `INSERT` or `EXECUTE STATEMENT SET`, with placeholders for the interval, such as `{{lower.timestamp}}`.
   */
  readonly statement: string;
  /**
   * Required for an `INSERT INTO`: `upserts` if the sink replaces rows by a key (`replaces` means the same there).
   * @default "replaces" for OVERWRITE
   */
  readonly rerun?: Rerun;
};

/** A copy between two connectors; the operator writes the SQL. */
export type SyncJob = CommonJob & {
  readonly source: SyncSource;
  readonly sink: SyncSink;
  /** The sink's columns as SQL expressions over the source's. @default all columns as they are */
  readonly select?: Readonly<Record<string, string>>;
};

/** A table with a connector, as in `CREATE TABLE`. */
export type SyncTable = {
  readonly connector: string;
  /** The connector's options without `connector` itself; `{{secret.name}}` stands for a secret. @default {} */
  readonly options?: Readonly<Record<string, string>>;
};

export type SyncSource = SyncTable & {
  /**
   * Column types by name, as Flink SQL writes them. A column that is not in the data takes its suffix too,
   * such as `INT METADATA FROM 'partition' VIRTUAL`; the sink then needs its own `columns`.
   */
  readonly columns: Readonly<Record<string, string>>;
  /** The column that assigns a row to an interval, for connectors that select by a predicate. */
  readonly timeColumn?: string;
  /** The column whose positions assign a row to a run, for `jdbc` in a schedule by positions. */
  readonly cursorColumn?: string;
  /** Format of the time column. @default "timestamp" */
  readonly timeType?: "timestamp" | "timestamptz" | "date" | "epochMs" | "epochS";
  /**
   * For `jdbc`, if the schedule asks for shards: the column of whole numbers by which the table is divided, and the range
   * in which most of them are, `from` up to and including `to`. Rows outside of it are in the first and the last shard,
   * those without a number in one of their own. A row whose number is updated meanwhile may be in two shards, or in
   * none. @default the interval is divided by `timeColumn`
   */
  readonly split?: { readonly column: string; readonly from: number; readonly to: number };
};

export type SyncSink = SyncTable & {
  /** @default the source's */
  readonly columns?: Readonly<Record<string, string>>;
  /** Rows with the same key replace each other. @default none */
  readonly primaryKey?: readonly string[];
  /** For `filesystem`: the folder of an interval below `path`. @default "from={{lower.epochMs}}" */
  readonly folder?: string;
  /** `appends` accepts that a second run of an interval writes its rows again. @default as the connector replaces them */
  readonly rerun?: Rerun;
};

/**
 * A refresh of a materialized table (FLIP-435). Flink overwrites the partition of the interval, or the whole
 * table if its definition has no `partition.fields.<column>.date-formatter`; in a filesystem table, a
 * partition that has become empty keeps its old files.
 */
export type MaterializedTableJob = CommonJob & {
  /**
   * `catalog.database.table` as Flink SQL writes it: parts that are not plain names in backticks. No slashes.
   */
  readonly identifier: string;
  /**
   * The freshness in the table's definition, such as `1 DAY`. Flink refreshes the partition one freshness
   * before the time that it is given. If `freshness` is set, that time is one freshness after the interval's
   * lower bound, which is also right on days of 23 and 25 hours, and an interval of several periods is
   * refused. @default Flink is given the interval's upper bound
   */
  readonly freshness?: string;
  /**
   * Refreshes this partition instead, such as `{ ds: "{{lower.date}}" }`, with placeholders filled as in
   * `jar.programArgs`; `{}` is the whole table. @default the partition that Flink derives for the interval
   */
  readonly partition?: Readonly<Record<string, string>>;
  /** Hints to the table's connector, such as `{ "sink.parallelism": "2" }`. @default {} */
  readonly dynamicOptions?: Readonly<Record<string, string>>;
  /** Configuration of the SQL session in which the refresh is started. @default {} */
  readonly sessionConfiguration?: Readonly<Record<string, string>>;
  /** As for `sql`, such as `CREATE CATALOG` if the gateway has no catalog store. @default [] */
  readonly setup?: readonly string[];
};
