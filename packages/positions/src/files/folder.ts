import { readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import picomatch from "picomatch";
import { digestOf, inodeIdentity } from "../kit/identity.js";
import { away, wrong } from "../kit/source-errors.js";

/** A file of a folder. */
export interface FolderFile {
  readonly name: string;
  readonly bytes: number;
  /**
   * When it appeared or was changed last, epoch ms: the time of its inode, which also a move and a copy with the
   * original's times set.
   */
  readonly changedAt: number;
}

/** A folder with its files. */
export interface Folder {
  /** Tells it from another one in its place, and from files of another pattern in it. */
  readonly identity: string;
  /** Those that match, in the order of their names. */
  readonly files: readonly FolderFile[];
}

/** Where files are looked for. */
export interface Place {
  readonly root: string;
  /** Relative to the root. */
  readonly path: string;
  /** A glob pattern of names. */
  readonly pattern: string;
}

/**
 * Compares names by their code points, as their UTF-8 bytes compare: JavaScript's own order puts some letters
 * elsewhere.
 */
export function compareNames(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/**
 * Returns a folder with the files that match a pattern.
 *
 * @throws SourceError SOURCE_UNAVAILABLE if the root is not there, such as a volume that is not mounted, or cannot
 *   be read; SOURCE_INVALID if the folder is not there or leads out of the root, or a name cannot be a position
 */
export async function folderAt({ root, path, pattern }: Place, signal: AbortSignal): Promise<Folder> {
  const from = await present(realpath(root));
  if (from === undefined) throw away("The root of the folders does not exist.");
  const folder = await present(realpath(join(from, path)));
  if (folder === undefined) throw wrong(`There is no folder ${path}.`);
  if (folder !== from && !folder.startsWith(from.endsWith(sep) ? from : from + sep))
    throw wrong(`The folder ${path} leads out of its root.`);
  const itself = await stat(folder);
  if (!itself.isDirectory()) throw wrong(`${path} is no folder.`);
  const isMatch = picomatch(pattern);
  const names = (await readdir(folder)).filter((name) => isMatch(name)).sort(compareNames);
  const files: FolderFile[] = [];
  for (const name of names) {
    signal.throwIfAborted();
    if (/[\p{Cc}\uFFFD]/u.test(name))
      throw wrong(
        `The name of the file ${JSON.stringify(name)} in ${path} has characters that no position can.`,
      );
    const stats = await present(stat(join(folder, name)));
    if (stats?.isFile() === true)
      files.push({ name, bytes: stats.size, changedAt: Math.floor(stats.ctimeMs) });
  }
  return { identity: `${inodeIdentity(itself)}.${digestOf(pattern)}`, files };
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
