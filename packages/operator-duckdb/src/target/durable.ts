import { mkdir, open, rename, rm, rmdir } from "node:fs/promises";
import { dirname } from "node:path";

/** Replaces an older file with a finished one. After a crash, one of the two exists, complete. */
export async function publishFile(from: string, to: string): Promise<void> {
  await syncFile(from);
  await makeDirectory(dirname(to));
  await rename(from, to);
  await syncDirectory(dirname(to));
}

/** Removes a file, or a directory with its contents, if it exists. */
export async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

/** Removes a directory if it is empty. */
export async function removeIfEmpty(directory: string): Promise<void> {
  try {
    await rmdir(directory);
  } catch {
    // Somebody uses it, or it is already gone.
  }
}

/** Creates a directory and its parents so that they survive a crash. */
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

/** Makes additions to and removals from a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a directory for this.
  if (process.platform === "win32") return;
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
