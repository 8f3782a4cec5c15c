import { messageOf } from "@tidegate/core";
import type { Fields } from "../prepare/line-ends.js";
import type { Preparation, SourceFile } from "../prepare/preparation.js";

/** Files whose lines end alike, or `undefined` when those of each file already do. */
export async function withLikeLines(
  files: readonly SourceFile[],
  fields: Fields,
  preparation: Preparation,
): Promise<readonly SourceFile[] | undefined> {
  const mended: SourceFile[] = [];
  for (const file of files) mended.push((await preparation.withLikeLines(file, fields)) ?? file);
  return mended.some((file, index) => file !== files[index]) ? mended : undefined;
}

/** Does a work on files again when DuckDB's reader fails since their lines do not end alike. */
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

/** Whether DuckDB's reader met a line that ends otherwise than the ones before. */
export function areLinesMixed(error: unknown): boolean {
  return messageOf(error).includes("CSV Parser state machine reached an invalid state");
}
