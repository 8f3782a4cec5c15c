import type { DirtyDataLimit } from "@tidegate/core";
import { exceedsDirtyDataLimit, type JobMetrics } from "@tidegate/core/operator";
import { JobFailure } from "../duckdb/failure.js";

/**
 * Fails a job that met more bad rows than its schedule allows. It is not retried: the source would not
 * change, and the rows are kept for a person to inspect.
 *
 * @throws JobFailure DIRTY_DATA_LIMIT
 */
export function refuseTooManyBadRows(metrics: JobMetrics, limit: DirtyDataLimit | undefined): void {
  if (limit === undefined || !exceedsDirtyDataLimit(metrics, limit)) return;
  const { rowsDirty = 0, rowsRead = 0 } = metrics;
  throw new JobFailure(
    "DIRTY_DATA_LIMIT",
    `${rowsDirty} of ${rowsRead} rows were bad, more than dirtyData allows (${JSON.stringify(limit)}).`,
    { isRetryable: false, metrics: { rowsRead, rowsWritten: 0, rowsDirty } },
  );
}
