import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import picomatch from "picomatch";

/** A place to look for files. */
export interface Place {
  readonly root: string;
  /** Relative to the root. */
  readonly directory: string;
  /** A file's name, or a glob pattern, relative to the directory. */
  readonly pattern: string;
}

/** A file that was found. */
export interface FoundFile {
  /** When it changed last, epoch ms. */
  readonly changedAt: number;
}

/**
 * Returns the files of a directory that match a pattern; `undefined` if there is no such directory.
 *
 * @throws the file system's error if it cannot be read
 * @throws an error if the directory is a link that leads out of the root
 */
export async function filesIn(
  { root, directory, pattern }: Place,
  signal: AbortSignal,
): Promise<readonly FoundFile[] | undefined> {
  const from = await present(realpath(root));
  if (from === undefined) throw new Error("the root of the probe does not exist");
  const path = await present(realpath(join(from, directory)));
  if (path === undefined) return undefined;
  if (path !== from && !path.startsWith(from.endsWith(sep) ? from : from + sep))
    throw new Error(`${directory} leads out of the probe's root`);
  signal.throwIfAborted();
  const entries = await present(readdir(path, { withFileTypes: true, recursive: pattern.includes("/") }));
  if (entries === undefined) return undefined;
  const isMatch = picomatch(pattern, { dot: true });
  const named = entries.filter((entry) => !entry.isDirectory() && isMatch(nameOf(entry, path)));
  const found: FoundFile[] = [];
  for (const entry of named) {
    signal.throwIfAborted();
    const stats = await present(stat(join(entry.parentPath, entry.name)));
    // A link may lead to a directory, or nowhere.
    if (stats?.isFile() === true) found.push({ changedAt: stats.mtimeMs });
  }
  return found;
}

function nameOf({ parentPath, name }: Dirent, from: string): string {
  return relative(from, join(parentPath, name)).split(sep).join("/");
}

/** Returns what a call of the file system returns; `undefined` if there is nothing at its path. */
async function present<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
