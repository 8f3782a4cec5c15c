import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Window } from "../job/window.js";
import { remove } from "../target/durable.js";
import { type Layout, snapshotOfShards } from "../target/layout.js";

/**
 * Removes what the shards of an interval's runs have written, once the interval is published. A snapshot supersedes the
 * earlier ones as well; the shards of a later one are still to be merged.
 */
export async function removeStagedShards({ shards }: Layout, { isFull, upper }: Window): Promise<void> {
  await remove(shards);
  if (!isFull) return;
  const folder = dirname(shards);
  for (const name of await namesIn(folder)) {
    const end = snapshotOfShards(name);
    if (end !== undefined && end < upper) await remove(join(folder, name));
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
