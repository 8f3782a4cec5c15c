import { createHash } from "node:crypto";
import type { Stats } from "node:fs";

/**
 * Returns what tells a file or a folder from another one in its place. The number of the device is left out: it is
 * that of a mount, and differs between machines, and after a restart of a container.
 */
export function inodeIdentity({ ino, birthtimeMs }: Pick<Stats, "ino" | "birthtimeMs">): string {
  return `${ino}.${Math.floor(birthtimeMs)}`;
}

/** Returns a short text that names together choose, such as a table and a column. */
export function digestOf(...names: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(names)).digest("hex").slice(0, 12);
}
