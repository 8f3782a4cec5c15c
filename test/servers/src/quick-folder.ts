import { mkdtempSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file system in memory, which Linux has. */
const MEMORY = "/dev/shm";

/** Far more than the files of a test take. Containers may have less. */
const ROOM_BYTES = 1024 ** 3;

/**
 * Makes a folder for one test, and returns its path. It is in memory where that is possible: tests commit thousands of times,
 * for each of which a disk takes milliseconds, and nobody cuts their power.
 *
 * @param prefix - of its name, such as `tidegate-sqlite-`
 */
export function quickFolder(prefix: string): string {
  return mkdtempSync(join(hasRoom(MEMORY) ? MEMORY : tmpdir(), prefix));
}

function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize > ROOM_BYTES;
  } catch {
    return false;
  }
}
