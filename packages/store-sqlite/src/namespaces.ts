import { hash } from "node:crypto";
import { existsSync } from "node:fs";
import { join, parse } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";

/** Names longer than this are hashed: file systems allow 255 bytes. */
const LONGEST_NAME = 100;

/** Returns the mark of a namespace that its file carries as `user_version`; never 0, which marks no namespace. */
export function markOf(namespace: string): number {
  const digest = Number.parseInt(hash("sha256", namespace, "hex").slice(0, 8), 16);
  return (digest >>> 1) | 1;
}

/**
 * Returns the file of a namespace. The database at `path` belongs to the namespace that opened it first; every
 * other one has a file beside it, such as `tidegate@shop.db`.
 */
export function fileOf(path: string, namespace: string): string {
  const beside = fileBeside(path, namespace);
  if (existsSync(beside)) return beside;
  const mark = readMark(path);
  return mark === 0 || mark === markOf(namespace) ? path : beside;
}

/** Returns the file of a namespace where the database at `path` belongs to another one. */
export function fileBeside(path: string, namespace: string): string {
  const { dir, name, ext } = parse(path);
  const encoded = encodeURIComponent(namespace);
  const short = encoded.length > LONGEST_NAME ? hash("sha256", namespace, "hex").slice(0, 32) : encoded;
  return join(dir, `${name}@${short}${ext}`);
}

/**
 * Returns the mark of a database file, 0 if it has none or does not exist. It is read from the file itself, without a
 * lock, so that it can be read while another process has the file open. SQLite has to read it: if this process closed
 * a file of its own there, the operating system would end the locks of this process on it.
 */
function readMark(path: string): number {
  if (!existsSync(path)) return 0;
  const file = pathToFileURL(path);
  file.searchParams.set("immutable", "1");
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { readOnly: true });
    return markIn(database);
  } catch {
    // It is refused when it is opened to be used.
    return 0;
  } finally {
    database?.close();
  }
}

/** Returns the mark of an open database, 0 if it has none. */
export function markIn(database: DatabaseSync): number {
  return (database.prepare("PRAGMA user_version").get() as { user_version: number }).user_version;
}
