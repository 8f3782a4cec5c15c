import { mkdir, open, rename, rm, rmdir } from "node:fs/promises";
import { dirname } from "node:path";

/** Puts a finished file in place of an older one. After a crash there is either of them, whole. */
export async function publishFile(from: string, to: string): Promise<void> {
  await syncFile(from);
  await makeDirectory(dirname(to));
  await rename(from, to);
  await syncDirectory(dirname(to));
}

/** Removes a file or a directory with all that it holds, if there is one. */
export async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

/** Removes a directory unless it holds something. */
export async function removeIfEmpty(directory: string): Promise<void> {
  try {
    await rmdir(directory);
  } catch {
    // It is somebody's, or gone already.
  }
}

/** Makes a directory, and those above it, so that they outlast a crash. */
async function makeDirectory(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true });
  if (first === undefined) return;
  for (let made = directory; made.length >= first.length; made = dirname(made)) {
    await syncDirectory(dirname(made));
  }
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes durable what was added to a directory or removed from it. */
export async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a directory for that.
  if (process.platform === "win32") return;
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
