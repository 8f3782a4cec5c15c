import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { listValue } from "@duckdb/node-api";
import type { EpochMs } from "@tidegate/core";
import { messageOf } from "@tidegate/core/plugin";
import { compareBytes, type VersionedFile } from "@tidegate/split";
import { JobFailure } from "../duckdb/failure.js";
import type { Session } from "../duckdb/session.js";
import type { Positions } from "../job/window.js";
import type { SourceFile } from "../prepare/preparation.js";

/** The longest line or JSON object that can be read, bytes. */
export const MAX_LINE_BYTES = 16_777_216;

/** By default, DuckDB would use sixteen times the longest line as its buffer. */
export const LINE_LIMITS = `max_line_size = ${MAX_LINE_BYTES}, buffer_size = ${2 * MAX_LINE_BYTES}`;

/** Reads lines as they are: the only separator is a control character that text and JSON do not contain. */
export const LINE_DIALECT = `auto_detect = false, header = false, delim = '\u0001', quote = '', escape = '', \
columns = {'line': 'VARCHAR'}, hive_partitioning = false, ${LINE_LIMITS}`;

/**
 * Returns the files that a source names, sorted; none if the range of names is empty.
 *
 * @param positions - the range of names to which they belong. @default all
 * @throws JobFailure JOB_FAILED, retryable, when a path matches nothing: the file may not have arrived yet
 */
export async function listFiles(
  session: Session,
  paths: readonly string[],
  positions?: Positions,
): Promise<readonly string[]> {
  if (positions !== undefined && isEmpty(positions)) return [];
  const files = new Set<string>();
  for (const path of paths) {
    const found = await namesMatching(session, path);
    const isMeant = positions === undefined ? () => true : isBetween(path, positions);
    const matches = found.filter(({ file }) => isMeant(basename(file)));
    if (matches.length === 0) {
      const range =
        positions === undefined
          ? ""
          : ` and has a name from ${JSON.stringify(positions.lower ?? "")} to below ${JSON.stringify(positions.upper)}`;
      throw new JobFailure("JOB_FAILED", `No file matches ${path}${range}.`, { isRetryable: true });
    }
    for (const { file } of matches) files.add(file);
  }
  return [...files].sort();
}

async function namesMatching(session: Session, path: string): Promise<readonly { readonly file: string }[]> {
  try {
    return await session.rows("SELECT file FROM glob($path)", { path });
  } catch (error) {
    if (!messageOf(error).includes("Invalid unicode")) throw error;
    throw new JobFailure("JOB_FAILED", `${path} matches a file whose name is not UTF-8.`, {
      isRetryable: false,
      cause: error,
    });
  }
}

/** Names are positions: they compare as their UTF-8 bytes do, and hidden files are none unless they are asked for. */
function isBetween(pattern: string, { lower = "", upper }: Positions): (name: string) => boolean {
  const isHiddenMeant = basename(pattern).startsWith(".");
  return (name) =>
    (isHiddenMeant || !name.startsWith(".")) &&
    compareBytes(name, lower) >= 0 &&
    compareBytes(name, upper) < 0;
}

/** A folder without files has such a range: nothing was planned to be read. */
function isEmpty({ lower = "", upper }: Positions): boolean {
  return compareBytes(lower, upper) >= 0;
}

/**
 * Returns files with their sizes, and versions that change if they are written again.
 *
 * @throws JobFailure JOB_FAILED with a pipe or a device: reading it might never end
 */
export async function versionsOf(
  files: readonly string[],
): Promise<readonly (VersionedFile & { readonly bytes: number })[]> {
  return Promise.all(
    files.map(async (path) => {
      const status = await stat(path);
      if (!status.isFile()) {
        throw new JobFailure("JOB_FAILED", `${path} is not a regular file.`, { isRetryable: false });
      }
      const { size, mtimeMs } = status;
      return { path, version: `${size}-${Math.round(mtimeMs)}`, bytes: size };
    }),
  );
}

/** Returns a file with its version, or `undefined` if it is gone. */
async function versionNow(path: string): Promise<VersionedFile | undefined> {
  try {
    return (await versionsOf([path]))[0];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function goneFailure({ path }: VersionedFile, positions: Positions | undefined): JobFailure {
  return positions === undefined
    ? new JobFailure("SPLIT_STALE", `${path} is gone since the run was split.`, { isRetryable: false })
    : new JobFailure(
        "JOB_FAILED",
        `${path} is gone since the run was split: put it back, or retry the run with resplit to copy the files that are left.`,
        { isRetryable: true },
      );
}

/**
 * Returns the paths of a shard's files, which must be as they were when the run was split: rows that have moved to
 * another file would be in two shards, or in none.
 *
 * @param positions - the range of names to which they belong, if that is how they were chosen
 * @throws JobFailure SPLIT_STALE with a file that was written again, or that is gone
 * @throws JobFailure JOB_FAILED, retryable, with a file of a range of positions that is gone: nothing else reads its rows,
 * so that only a person can decide to leave them out
 */
export async function requireSame(
  files: readonly VersionedFile[],
  positions?: Positions,
): Promise<readonly string[]> {
  const paths = files.map(({ path }) => path);
  const found = await Promise.all(paths.map(versionNow));
  const gone = files.find((_, index) => found[index] === undefined);
  if (gone !== undefined) throw goneFailure(gone, positions);
  const changed = files.find(({ version }, index) => version !== found[index]!.version);
  if (changed === undefined) return paths.sort();
  throw new JobFailure("SPLIT_STALE", `${changed.path} was changed after the run was split.`, {
    isRetryable: false,
  });
}

/**
 * Requires that files have been left alone for a while: one that was just changed may still be being written.
 *
 * @param now - epoch ms, by the clock of the file system's host
 * @throws JobFailure JOB_FAILED, to be retried when the youngest file is old enough
 */
export async function requireSettled(
  files: readonly string[],
  minAgeMs: number,
  now: EpochMs,
): Promise<void> {
  if (minAgeMs === 0) return;
  const ages = await Promise.all(
    files.map(async (file) => ({ file, ageMs: now - (await stat(file)).mtimeMs })),
  );
  const young = ages.filter(({ ageMs }) => ageMs < minAgeMs).sort((one, other) => one.ageMs - other.ageMs);
  const [youngest, ...others] = young;
  if (youngest === undefined) return;
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  throw new JobFailure(
    "JOB_FAILED",
    `${youngest.file}${more} counts as not there yet: it was changed ${Math.round(youngest.ageMs / 1_000)} s ago, and \
job.source.minAgeMs is ${minAgeMs}.`,
    { isRetryable: true, retryAfterMs: Math.max(Math.ceil(minAgeMs - youngest.ageMs), 0) },
  );
}

/** Groups items by key. */
export function groupBy<Item, Key>(
  items: readonly Item[],
  keyOf: (item: Item) => Key,
): readonly { readonly key: Key; readonly items: readonly Item[] }[] {
  const groups = new Map<string, { key: Key; items: Item[] }>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(JSON.stringify(key));
    if (group === undefined) groups.set(JSON.stringify(key), { key, items: [item] });
    else group.items.push(item);
  }
  return [...groups.values()];
}

/** Returns files as a list parameter of a reader, which would treat plain names as globs. */
export function fileList(files: readonly Pick<SourceFile, "path">[]) {
  return listValue(files.map(({ path }) => path.replace(/[*?[]/g, "[$&]")));
}
