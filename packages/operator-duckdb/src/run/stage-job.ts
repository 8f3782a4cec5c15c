import { messageOf } from "@tidegate/core/plugin";
import { stageDatabaseTable } from "../database/stage-table.js";
import { JobFailure } from "../duckdb/failure.js";
import type { Session } from "../duckdb/session.js";
import {
  type ChangesSource,
  type FilesSource,
  isChanges,
  isInPostgres,
  type PostgresSource,
} from "../job/job.js";
import { readChanges } from "../postgres/read-changes.js";
import { readTable } from "../postgres/read-table.js";
import { Preparation } from "../prepare/preparation.js";
import { csvRelations } from "../read/csv.js";
import { listFiles, requireSame, requireSettled } from "../read/files.js";
import { jsonRelations } from "../read/json.js";
import { parquetRelations } from "../read/parquet.js";
import type { Relation } from "../read/relation.js";
import { stageSelect } from "../read/select.js";
import { GOOD_ROWS, stageNothing, stageRelations } from "../read/stage.js";
import { noteFiles } from "../read/steady-files.js";
import { declaredColumns } from "../read/text-columns.js";
import type { Surroundings } from "./surroundings.js";
import type { RunningTask } from "./task.js";

/** The rows read for an interval, as tables of the session. */
export interface Staged {
  /** A query for the rows to write; `undefined` if there are none and their columns are not known. */
  readonly goodRows: string | undefined;
  /**
   * The interval's bad rows: in the table `rejected`, none, or unknown, since a SELECT decides itself what a
   * row is.
   */
  readonly badRows: "rejected" | "none" | "unknown";
}

const ALL_ROWS = "SELECT * FROM staged";

/**
 * Reads a job's rows out of Postgres.
 *
 * @param use - see `readTable`
 */
export async function readPostgres(
  source: PostgresSource | ChangesSource,
  { job, window, directory, shard, snapshot }: RunningTask,
  { connections, signal }: Surroundings,
  use: (rows: string) => Promise<void>,
): Promise<void> {
  const addresses = await connections(source.connection, signal);
  if (isChanges(source))
    return readChanges(source, { addresses, directory, positions: window.positions!, signal }, use);
  const keepsInfinity = job.target.format === "postgres";
  const read = { addresses, directory, window, part: shard?.part, snapshot, keepsInfinity, signal };
  await readTable(source, read, use);
}

/** Reads a job's rows, from its source or its SELECT. */
export async function stageJob(
  session: Session,
  task: RunningTask,
  surroundings: Surroundings,
): Promise<Staged> {
  const { job, window, directory, shard } = task;
  const { settings, signal } = surroundings;
  if (job.source !== undefined && isInPostgres(job.source)) {
    await readPostgres(job.source, task, surroundings, (rows) =>
      session.run(`CREATE TEMP TABLE staged AS ${rows}`),
    );
    return { goodRows: ALL_ROWS, badRows: "none" };
  }
  if (job.source?.format === "database") {
    const database = settings.databases[job.source.database]!;
    await stageDatabaseTable(session, job.source, database, window.positions, shard?.part);
    return { goodRows: ALL_ROWS, badRows: "none" };
  }
  const { allowedDirectories } = settings;
  const preparation = new Preparation({ allowedDirectories, signal, directory });
  if (job.source === undefined) {
    await stageSelect(session, job.sql, window, preparation);
    return { goodRows: ALL_ROWS, badRows: "unknown" };
  }
  const files =
    shard?.files === undefined
      ? await listFiles(session, task.sourcePaths, window.positions)
      : await requireSame(shard.files, window.positions);
  surroundings.log(`Files to read: ${files.length.toLocaleString("en-US")}`);
  if (files.length === 0) return stageNoFile(session, job.source);
  const { minAgeMs = 0 } = job.source;
  // A range of names, unlike one of time, is read once.
  const isStrict = minAgeMs > 0 || window.positions !== undefined;
  const requireUnchanged = await noteFiles(files, { isStrict, retryAfterMs: minAgeMs });
  await requireSettled(files, minAgeMs, settings.clock.now());
  const relations = await relationsOf(session, job.source, files, preparation);
  if (relations.length > 0) {
    await stageRelations(session, relations, window).catch((error) => {
      throw namingFiles(error, files, preparation);
    });
  }
  await requireUnchanged();
  if (relations.length === 0) return stageNoFile(session, job.source);
  return { goodRows: GOOD_ROWS, badRows: "rejected" };
}

async function stageNoFile(session: Session, source: FilesSource): Promise<Staged> {
  const columns = source.format === "parquet" ? undefined : source.columns;
  await stageNothing(session, columns === undefined ? [] : declaredColumns(columns));
  return { goodRows: columns === undefined ? undefined : GOOD_ROWS, badRows: "rejected" };
}

/** DuckDB's errors of values, which do not always name a file. */
const OF_VALUES = /^(?:Error: )?(?:Conversion|Invalid Input|Out of Range) Error: /;

/** DuckDB's errors name the copies that it reads, or no file at all. */
function namingFiles(error: unknown, files: readonly string[], preparation: Preparation): unknown {
  if (error instanceof JobFailure) return error;
  const message = preparation.named(messageOf(error));
  const isNamed = !OF_VALUES.test(message) || files.some((file) => message.includes(file));
  const others = files.length === 1 ? "" : ` or another of ${files.length} files`;
  return new Error(isNamed ? message : `${message} (in ${files[0]}${others})`, { cause: error });
}

function relationsOf(
  session: Session,
  source: FilesSource,
  files: readonly string[],
  preparation: Preparation,
): Promise<readonly Relation[]> {
  switch (source.format) {
    case "csv":
      return csvRelations(session, source, files, preparation);
    case "json":
      return jsonRelations(session, source, files, preparation);
    case "parquet":
      return parquetRelations(session, source, files);
  }
}
