import { messageOf } from "@tidegate/core/plugin";
import type { Fields } from "../prepare/line-ends.js";
import type { Preparation, SourceFile } from "../prepare/preparation.js";

/**
 * Returns the files with uniform line ends, or `undefined` if each already has them.
 *
 * @param isForced - whether all of them are to end their lines in a line feed. @default those whose line ends are mixed
 */
export async function withLikeLines(
  files: readonly SourceFile[],
  fields: Fields,
  preparation: Preparation,
  isForced = false,
): Promise<readonly SourceFile[] | undefined> {
  const mended: SourceFile[] = [];
  for (const file of files) mended.push((await preparation.withLikeLines(file, fields, isForced)) ?? file);
  return mended.some((file, index) => file !== files[index]) ? mended : undefined;
}

/** Repeats work on rewritten files if DuckDB's reader fails because of mixed line ends. */
export async function unlessLinesDiffer<Files, Result>(
  work: (files: Files) => Promise<Result>,
  files: Files,
  mend: () => Promise<Files | undefined>,
): Promise<Result> {
  try {
    return await work(files);
  } catch (error) {
    const mended = areLinesMixed(error) ? await mend() : undefined;
    if (mended === undefined) throw error;
    return work(mended);
  }
}

/** Returns whether DuckDB's reader met a line with a different line end than the ones before. */
export function areLinesMixed(error: unknown): boolean {
  return messageOf(error).includes("CSV Parser state machine reached an invalid state");
}
