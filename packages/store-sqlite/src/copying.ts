import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { backup, type DatabaseSync } from "node:sqlite";
import { StoreError } from "@tidegate/core";
import { asStoreError } from "./sqlite-errors.js";

/** Ends the name of a copy that is not complete. */
const PART = ".part";

/** A ledger shows what a company's jobs are called, and where their data lies. */
const OWNER_ONLY = 0o600;

/**
 * Writes a consistent copy of a database that is in use. The file appears under its name when it is complete and on
 * disk: a copy that breaks off must not pass for a ledger that knows less.
 *
 * @param target - an absolute path at which no file exists
 * @param signal - breaks the copy off: while it is written, the database cannot be closed
 * @throws StoreError; the signal's reason
 */
export async function copyDatabase(
  database: DatabaseSync,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  const part = `${target}${PART}`;
  try {
    await rm(part, { force: true });
    const file = await open(part, "wx", OWNER_ONLY);
    try {
      signal.throwIfAborted();
      await backup(database, part, { progress: () => signal.throwIfAborted() });
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, target);
    await syncDirectory(dirname(target));
  } catch (error) {
    await rm(part, { force: true });
    throw refusalOf(error, target);
  }
}

function refusalOf(error: unknown, target: string): unknown {
  const { code } = (error ?? {}) as { code?: unknown };
  if (code === "ENOSPC" || code === "EDQUOT")
    return new StoreError("STORE_FULL", `${target}: the disk is full.`, { cause: error });
  if (typeof code === "string" && /^E[A-Z]+$/.test(code))
    return new StoreError("STORE_READ_ONLY", `${target}: cannot be written (${code}).`, { cause: error });
  return asStoreError(error, target);
}

/** Makes a new name in a directory durable. */
async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a directory for this.
  if (process.platform === "win32") return;
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
