import { messageOf } from "@tidegate/core/plugin";
import { stageDatabaseTable } from "../database/stage-table.js";
import { JobFailure } from "../duckdb/failure.js";
import type { Session } from "../duckdb/session.js";
import type { FilesSource } from "../job/job.js";
import { refuseInfinity, stageTable } from "../postgres/read-table.js";
import { Preparation } from "../prepare/preparation.js";
import { csvRelations } from "../read/csv.js";
import { listFiles, requireSame, requireSettled } from "../read/files.js";
import { jsonRelations } from "../read/json.js";
import { parquetRelations } from "../read/parquet.js";
import type { Relation } from "../read/relation.js";
import { stageSelect } from "../read/select.js";
import { GOOD_ROWS, stageNothing, stageRelations } from "../read/stage.js";
import { declaredColumns } from "../read/text-columns.js";
import type { Surroundings } from "./surroundings.js";
import type { Task } from "./task.js";

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

/** Reads a job's rows, from its source or its SELECT. */
export async function stageJob(session: Session, task: Task, surroundings: Surroundings): Promise<Staged> {
  const { job, window, directory, shard } = task;
  const { settings, signal } = surroundings;
  if (job.source?.format === "postgres") {
    const addresses = await surroundings.connections(job.source.connection, signal);
    await stageTable(session, job.source, { addresses, directory, window, part: shard?.part, signal });
    if (job.target.format !== "postgres") await refuseInfinity(session);
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
  await requireSettled(files, job.source.minAgeMs ?? 0, settings.clock.now());
  const relations = await relationsOf(session, job.source, files, preparation);
  await stageRelations(session, relations, window).catch((error) => {
    throw namingFiles(error, preparation);
  });
  return { goodRows: GOOD_ROWS, badRows: "rejected" };
}

async function stageNoFile(session: Session, source: FilesSource): Promise<Staged> {
  const columns = source.format === "parquet" ? undefined : source.columns;
  await stageNothing(session, columns === undefined ? [] : declaredColumns(columns));
  return { goodRows: columns === undefined ? undefined : GOOD_ROWS, badRows: "rejected" };
}

/** DuckDB's errors name the copies that it reads. */
function namingFiles(error: unknown, preparation: Preparation): unknown {
  return error instanceof JobFailure
    ? error
    : new Error(preparation.named(messageOf(error)), { cause: error });
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
