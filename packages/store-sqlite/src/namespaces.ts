import { hash } from "node:crypto";
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { join, parse } from "node:path";

/** How a database file begins, and where `user_version` is in it: https://www.sqlite.org/fileformat2.html. */
const MAGIC = "SQLite format 3\0";
const USER_VERSION_AT = 60;
const HEADER_BYTES = 100;

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

function fileBeside(path: string, namespace: string): string {
  const { dir, name, ext } = parse(path);
  const encoded = encodeURIComponent(namespace);
  const short = encoded.length > LONGEST_NAME ? hash("sha256", namespace, "hex").slice(0, 32) : encoded;
  return join(dir, `${name}@${short}${ext}`);
}

/**
 * Returns the mark of a database file, 0 if it has none or does not exist. It is read past SQLite, so that it
 * can be read while another process has the file open.
 */
function readMark(path: string): number {
  if (!existsSync(path)) return 0;
  const file = openSync(path, "r");
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    readSync(file, header, 0, HEADER_BYTES, 0);
    return header.toString("latin1").startsWith(MAGIC) ? header.readInt32BE(USER_VERSION_AT) : 0;
  } finally {
    closeSync(file);
  }
}
