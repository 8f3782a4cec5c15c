import { JobFailure } from "../duckdb/failure.js";
import { versionsOf } from "./files.js";

/** How files may change while they are read. */
export interface Steadiness {
  /** Whether they must not grow either: nothing reads them again, or the job asks for files that are left alone. */
  readonly isStrict: boolean;
  /** When to read them again if they have changed, ms from now. */
  readonly retryAfterMs: number;
}

/**
 * Notes files as they are before they are read. The function that it returns requires, after that, that they have not
 * been written again: what was read may be half of the old file and half of the new one. Unless that is strict, they may
 * have grown, as a log does: rows at its end belong to later intervals.
 *
 * @returns a function that throws JobFailure JOB_FAILED, retryable, with the first file that has changed
 */
export async function noteFiles(
  files: readonly string[],
  { isStrict, retryAfterMs }: Steadiness,
): Promise<() => Promise<void>> {
  const before = await versionsOf(files);
  return async () => {
    const after = await versionsOf(files).catch(() => undefined);
    const changed = before.find(({ version, bytes }, index) => {
      const now = after?.[index];
      if (now === undefined || now.version === version) return false;
      return isStrict || now.bytes <= bytes;
    });
    if (changed === undefined) return;
    throw new JobFailure(
      "JOB_FAILED",
      `${changed.path} was changed while it was read, so that its rows may be torn; job.source.minAgeMs waits for files to be left alone.`,
      { isRetryable: true, retryAfterMs },
    );
  };
}
