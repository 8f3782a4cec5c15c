import { stat } from "node:fs/promises";
import type { JobMetrics, JobOutcome, TouchedTime } from "@tidegate/core/operator";
import { z } from "zod";
import type { Session } from "../duckdb/session.js";

/** The key of the record in a Parquet file's metadata. */
export const RECORD_KEY = "tidegate";

/**
 * The job that wrote a partition. Stored in the partition's own footer, so that data and record appear in one
 * rename.
 */
export interface CommitRecord {
  readonly version: 1;
  readonly idempotencyKey: string;
  readonly jobId: string;
  readonly groupId: string;
  /** Inclusive, epoch ms. */
  readonly lower: number;
  /** Exclusive, epoch ms. */
  readonly upper: number;
  /** Without `rowsWritten` if the rows were written as they arrived: all that were read are in the file. */
  readonly metrics: JobMetrics;
  /** The time that its rows fell in, if it was asked for. */
  readonly touched?: readonly TouchedTime[];
}

/** The result of a copy. */
export type Copied = Pick<CommitRecord, "metrics" | "touched">;

const count = z.number().int().min(0).exactOptional();

const schema = z.object({
  version: z.literal(1),
  idempotencyKey: z.string(),
  jobId: z.string(),
  groupId: z.string(),
  lower: z.number(),
  upper: z.number(),
  metrics: z.object({ rowsRead: count, rowsWritten: count, rowsDirty: count }),
  touched: z
    .array(
      z.object({
        groupId: z.string().exactOptional(),
        intervals: z.array(z.object({ lower: z.number(), upper: z.number(), rows: count })),
      }),
    )
    .exactOptional(),
});

/**
 * Returns the record of a partition's file, or `undefined` if there is no file or Tidegate did not write it.
 */
export async function readRecord(session: Session, file: string): Promise<CommitRecord | undefined> {
  const bytesWritten = await sizeOf(file);
  if (bytesWritten === undefined) return undefined;
  const [row] = await session.rows<{ record: string; rows: string }>(
    `SELECT decode(value) AS record, (SELECT num_rows FROM parquet_file_metadata($file)) AS rows
      FROM parquet_kv_metadata($file) WHERE decode(key) = $key`,
    { file, key: RECORD_KEY },
  );
  const parsed = schema.safeParse(row && parseJson(row.record));
  if (!parsed.success) return undefined;
  const { metrics } = parsed.data;
  const rows = Number(row!.rows);
  const counted = metrics.rowsWritten === undefined ? { rowsRead: rows, rowsWritten: rows } : {};
  return { ...parsed.data, metrics: { ...metrics, ...counted, bytesWritten } };
}

/** Returns how the job of a record ended. */
export function outcomeOf(record: CommitRecord): JobOutcome {
  const { metrics, touched } = record;
  return { state: "SUCCEEDED", metrics, ...(touched === undefined ? {} : { touched }) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
