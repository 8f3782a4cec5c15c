// Types and not interfaces: TypeScript takes these for JSON, so that a typed job can be a schedule's.

/** What a schedule that uses the operator `flink` says in its `job`: one of four kinds, told apart by its field. */
export type FlinkJob =
  | { readonly jar: JarJob }
  | { readonly sql: SqlJob }
  | { readonly sync: SyncJob }
  | { readonly materializedTable: MaterializedTableJob };

/** What all kinds have. */
export type CommonJob = {
  /** Flink's configuration for the job, such as `{ "parallelism.default": "4" }`. @default {} */
  readonly flinkConfiguration?: Readonly<Record<string, string>>;
  /** The IANA time zone of dates and of timestamps without one, and of the SQL session. @default "UTC" */
  readonly timeZone?: string;
  /**
   * What becomes of an interval whose job Flink has forgotten, as a JobManager without high availability does when it is
   * restarted: whether it had ended is not known. `resubmit` runs it again, which is right where a repetition replaces;
   * `hold` fails the run and leaves the decision to a person. @default "resubmit" where a repetition replaces, else "hold"
   */
  readonly onLost?: "resubmit" | "hold";
};

/** What a second run of an interval does to what the first one wrote. */
export type Repetition = "replaces" | "appends";

/** A program in a jar. Its braces are filled with the interval, such as `{lower:epoch_ms}`. */
export type JarJob = CommonJob & {
  /** The jar on this machine's disk, in one of the operator's `jarFolders`. */
  readonly path: string;
  /** @default what the jar's manifest says */
  readonly entryClass?: string;
  /** The program's arguments, each of them one, such as `["--from", "{lower:epoch_ms}"]`. @default [] */
  readonly programArgs?: readonly string[];
  /** 1 to 32,768. @default Flink's */
  readonly parallelism?: number;
  /** @default "replaces", which is what a batch job of an interval ought to do */
  readonly repetition?: Repetition;
};

/** Flink SQL through the SQL Gateway. */
export type SqlJob = CommonJob & {
  /**
   * Statements that a session needs before, such as `CREATE TEMPORARY TABLE` or `USE CATALOG`. A session is used for many
   * intervals, so nothing of an interval is in them; `{secret:name}` may stand inside of a string. @default []
   */
  readonly setup?: readonly string[];
  /**
   * Statements that are run before each submission, such as `ALTER TABLE t DROP IF EXISTS PARTITION (day = '{lower:date}')`
   * where the catalog would leave the old files of an interval that has become empty. @default []
   */
  readonly prepare?: readonly string[];
  /** One `INSERT` or `EXECUTE STATEMENT SET`, with the interval in braces, such as `{lower:timestamp}`. */
  readonly statement: string;
  /** Has to be said of an `INSERT INTO`: `replaces` where the sink upserts by a key. @default "replaces" for OVERWRITE */
  readonly repetition?: Repetition;
};

/** A copy between two connectors; the operator writes the SQL. */
export type SyncJob = CommonJob & {
  readonly source: SyncSource;
  readonly sink: SyncSink;
  /** The sink's columns as SQL expressions over the source's. @default all columns as they are */
  readonly select?: Readonly<Record<string, string>>;
};

/** A table with a connector, as `CREATE TABLE` has it. */
export type SyncTable = {
  readonly connector: string;
  /** The connector's options without `connector` itself; `{secret:name}` stands for a secret. @default {} */
  readonly options?: Readonly<Record<string, string>>;
};

export type SyncSource = SyncTable & {
  /**
   * Types as Flink SQL writes them, by name; with what follows them for columns that are not in the data, such as
   * `INT METADATA FROM 'partition' VIRTUAL`, and then the sink needs `columns` of its own.
   */
  readonly columns: Readonly<Record<string, string>>;
  /** The column that tells which interval a row belongs to, for connectors that select by a predicate. */
  readonly timeColumn?: string;
  /** How it tells the time. @default "timestamp" */
  readonly timeType?: "timestamp" | "timestamp_ltz" | "date" | "epoch_ms" | "epoch_s";
};

export type SyncSink = SyncTable & {
  /** @default the source's */
  readonly columns?: Readonly<Record<string, string>>;
  /** Rows with the same key replace each other. @default none */
  readonly primaryKey?: readonly string[];
  /** For `filesystem`: the folder of an interval below `path`. @default "from={lower:epoch_ms}" */
  readonly folder?: string;
  /** `appends` accepts that a second run of an interval writes its rows again. @default "replaces" */
  readonly repetition?: Repetition;
};

/**
 * A refresh of a materialized table (FLIP-435). Flink overwrites the partition of the interval, or the whole table where its
 * definition has no `partition.fields.<column>.date-formatter`; a partition that has become empty keeps its old files
 * where the table is a filesystem's.
 */
export type MaterializedTableJob = CommonJob & {
  /** `catalog.database.table` as Flink SQL writes it: parts in backticks where they are no plain names. No slashes. */
  readonly identifier: string;
  /**
   * The freshness of the table's definition, such as `1 DAY`. Flink refreshes the partition that lies one freshness before
   * the time it is told: with this, that time is one freshness after the interval's lower bound, which is right on days of
   * 23 and 25 hours too, and an interval of several periods is refused. @default it is told the interval's upper bound
   */
  readonly freshness?: string;
  /**
   * Refreshes this partition instead, such as `{ ds: "{lower:date}" }`, its braces filled as those of `jar.programArgs`;
   * `{}` is the whole table. @default the partition that Flink works out for the interval
   */
  readonly partition?: Readonly<Record<string, string>>;
  /** Hints to the table's connector, such as `{ "sink.parallelism": "2" }`. @default {} */
  readonly dynamicOptions?: Readonly<Record<string, string>>;
  /** Of the SQL session that the refresh is started in. @default {} */
  readonly sessionConfiguration?: Readonly<Record<string, string>>;
  /** As for `sql`: such as `CREATE CATALOG` where the gateway has no catalog store. @default [] */
  readonly setup?: readonly string[];
};
