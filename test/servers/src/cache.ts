import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** Far longer than a download takes, ms. */
export const DOWNLOAD_LIMIT_MS = 120_000;

/** One way to get a server: fills a folder with it. */
export interface Way {
  /** Such as `apt-get download`. */
  readonly name: string;
  readonly get: (folder: string) => Promise<void>;
}

/** Where the downloads of one server stay: outside the work tree. */
export function cacheFolder(server: string): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "tidegate", server);
}

/**
 * Goes the ways one after the other until one has put a server into the cache. Other processes may do the same at this
 * moment: what is there is whole, and the first one wins.
 *
 * @returns why each way failed, where all did
 */
export async function fillCache(cache: string, ways: readonly Way[]): Promise<string[]> {
  const failures: string[] = [];
  mkdirSync(dirname(cache), { recursive: true });
  for (const { name, get } of ways) {
    const folder = mkdtempSync(`${cache}-`);
    try {
      await get(folder);
      if (!existsSync(cache)) renameSync(folder, cache);
      return [];
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message : error}`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return failures;
}
