import { type ErrorCode, StoreError } from "@tidegate/core";

/** Primary result codes of SQLite (https://www.sqlite.org/rescode.html). */
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

const IOERR_WRITE = IOERR | (3 << 8);
const IOERR_FSYNC = IOERR | (4 << 8);

/**
 * Converts an error of SQLite to a `StoreError` that names the file and the way out. Returns others
 * unchanged.
 */
export function asStoreError(error: unknown, path: string): unknown {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  if (typeof code !== "number") return error;
  const [storeCode, wayOut] = meaningOf(code);
  const said = error instanceof Error ? error.message : String(error);
  return new StoreError(storeCode, `${path}: ${wayOut} (SQLite: ${said})`, { cause: error });
}

function meaningOf(code: number): readonly [ErrorCode, string] {
  if (code === IOERR_WRITE || code === IOERR_FSYNC)
    return ["STORE_FULL", "cannot be written; is the disk full?"];
  switch (code & 0xff) {
    case BUSY:
    case LOCKED:
      return [
        "STORE_LOCKED",
        "is open in another process or twice in this one; one process may have it at a time.",
      ];
    case READONLY:
      return ["STORE_READ_ONLY", "cannot be written; check the permissions of the file and its directory."];
    case CANTOPEN:
      return [
        "STORE_READ_ONLY",
        "cannot be opened or made; check that its directory exists and may be written.",
      ];
    case CORRUPT:
    case NOTADB:
      return ["STORE_CORRUPT", "is not a sound database; restore it from a backup."];
    case FULL:
      return ["STORE_FULL", "the disk is full; make room and go on, nothing was lost."];
    default:
      return ["STORE_FAILED", "the database refused."];
  }
}
