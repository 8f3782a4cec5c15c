import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** Far longer than a download takes, ms. */
export const DOWNLOAD_LIMIT_MS = 120_000;

/** One way to get something: fills a folder with it. */
export interface Way {
  /** Such as `apt-get download`. */
  readonly name: string;
  readonly get: (folder: string) => Promise<void>;
}

/** What can be put into the cache. */
export interface Download<T> {
  /** Such as `Kafka 4.1.0`. */
  readonly what: string;
  /** About as many as are downloaded. */
  readonly megabytes: number;
  /** Where it stays. */
  readonly folder: string;
  /** What is of use in that folder, or undefined where it is not there, or not whole. */
  readonly find: (folder: string) => T | undefined;
  /** Gone one after the other until one has got it. */
  readonly ways: readonly Way[];
  /** What the user can do where no way works, as sentences. */
  readonly help: string;
}

/** Where the downloads of one server stay: outside the work tree. */
export function cacheFolder(server: string): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "tidegate", server);
}

/** Finds a folder that is put into the cache in one go, so that it is whole where it is there. */
export function itself(folder: string): string | undefined {
  return [folder].find(existsSync);
}

/**
 * Finds something in the cache, or puts it there, and says so. Other processes may do the same at this moment: the first
 * one wins.
 *
 * @throws Error naming the ways and why each failed, when none works
 */
export async function cached<T>(download: Download<T>): Promise<T> {
  const { what, megabytes, folder, find, ways, help } = download;
  const there = find(folder);
  if (there !== undefined) return there;
  say(`Getting ${what} into ${folder}, about ${megabytes} MB ...`);
  mkdirSync(dirname(folder), { recursive: true });
  const failures: string[] = [];
  for (const way of ways) {
    const failure = await fill(download, way);
    const gotten = find(folder);
    if (gotten !== undefined) return gotten;
    failures.push(`${way.name}: ${failure ?? "what it got is not whole"}`);
  }
  throw new Error(`There is no ${what}. ${help} Tried:\n${failures.join("\n")}`);
}

/** Tells the user of something that takes its time. */
export function say(what: string): void {
  process.stderr.write(`${what}\n`);
}

/** @returns why it failed, where it did */
async function fill<T>({ folder, find }: Download<T>, { get }: Way): Promise<string | undefined> {
  const work = mkdtempSync(`${folder}-`);
  try {
    await get(work);
    if (find(folder) !== undefined) return undefined;
    rmSync(folder, { recursive: true, force: true });
    renameSync(work, folder);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
