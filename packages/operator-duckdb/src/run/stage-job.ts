import type { Clock } from "@tidegate/core/clock";
import { messageOf } from "@tidegate/core/plugin";
import { JobFailure } from "../duckdb/failure.js";
import type { Session } from "../duckdb/session.js";
import type { Source } from "../job/job.js";
import { Preparation, type PreparationLimits } from "../prepare/preparation.js";
import { csvRelations } from "../read/csv.js";
import { listFiles, requireSettled } from "../read/files.js";
import { jsonRelations } from "../read/json.js";
import { parquetRelations } from "../read/parquet.js";
import type { Relation } from "../read/relation.js";
import { stageSelect } from "../read/select.js";
import { GOOD_ROWS, stageRelations } from "../read/stage.js";
import { exactRows } from "../target/exact-columns.js";
import { PARTITION_COLUMN } from "../target/layout.js";
import type { Task } from "./task.js";

/** What was read for an interval, as tables of the session. */
export interface Staged {
  /** A query for the rows to write. */
  readonly goodRows: string;
  /** Whether the table `rejected` holds the bad rows. A SELECT has none: it decides itself what a row is. */
  readonly hasRejected: boolean;
}

/** Reads a job's rows, from its source or its SELECT. */
export async function stageJob(
  session: Session,
  { job, window, sourcePaths, directory }: Task,
  limits: Omit<PreparationLimits, "directory"> & { readonly clock: Clock },
): Promise<Staged> {
  const preparation = new Preparation({ ...limits, directory });
  if (job.source === undefined) {
    await stageSelect(session, job.sql, window, preparation);
  } else {
    const files = await listFiles(session, sourcePaths);
    await requireSettled(files, job.source.minAgeMs ?? 0, limits.clock.now());
    const relations = await relationsOf(session, job.source, files, preparation);
    await stageRelations(session, relations, window).catch((error) => {
      throw namingFiles(error, preparation);
    });
  }
  await refuseHiddenColumn(session);
  const rows = job.source === undefined ? "SELECT * FROM staged" : GOOD_ROWS;
  return { goodRows: await exactRows(session, rows), hasRejected: job.source !== undefined };
}

/** DuckDB's errors name the copies that it reads. */
function namingFiles(error: unknown, preparation: Preparation): unknown {
  return error instanceof JobFailure
    ? error
    : new Error(preparation.named(messageOf(error)), { cause: error });
}

function relationsOf(
  session: Session,
  source: Source,
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

/** Readers of a hive-style target would see the directory's value instead of such a column. */
async function refuseHiddenColumn(session: Session): Promise<void> {
  const columns = await session.rows<{ column_name: string }>("DESCRIBE staged");
  const hidden = columns.find(({ column_name }) => column_name.toLowerCase() === PARTITION_COLUMN);
  if (hidden === undefined) return;
  throw new JobFailure(
    "JOB_INVALID",
    `The target's directories are called ${PARTITION_COLUMN}=…, which hides the column ${hidden.column_name}; give it another name in job.sql.`,
    { isRetryable: false },
  );
}
