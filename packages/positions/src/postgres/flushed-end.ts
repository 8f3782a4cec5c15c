import { lsnOf } from "@tidegate/postgres-kit/slot";
import { away } from "../kit/source-errors.js";
import type { PostgresConnection } from "./connection.js";

/** The first and the longest pause between two looks at what was flushed, ms. */
const PAUSE_MS = [5, 200] as const;

/** How long the server flushes by itself before it is given a reason to, ms: longer than its writer usually pauses. */
const NUDGE_AFTER_MS = 700;

/** How long to wait for it in all, ms. */
const LIMIT_MS = 10_000;

/** Headers of a page of the log, bytes: of one that begins a segment, and of others. The next record begins behind it. */
const HEADERS = { segment: 40n, page: 24n };

const ENDS = `SELECT pg_current_wal_insert_lsn() AS written, pg_current_wal_flush_lsn() AS flushed,
  current_setting('wal_block_size') AS page,
  (SELECT setting FROM pg_settings WHERE name = 'wal_segment_size') AS segment`;

/** The ends of a log, and the sizes of its pages and segments, bytes. */
export interface LogEnds {
  /** Where the next record begins. */
  readonly written: bigint;
  readonly flushed: bigint;
  readonly page: bigint;
  readonly segment: bigint;
}

/**
 * Returns whether all that was written is flushed. If the last record ends with its page, the next one begins behind the
 * header of the next page, of which there is nothing to flush yet; a record that goes on there ends behind the header.
 */
export function isFlushed({ written, flushed, page, segment }: LogEnds): boolean {
  if (flushed >= written) return true;
  const header = flushed % segment === 0n ? HEADERS.segment : HEADERS.page;
  return flushed % page === 0n && written - flushed === header;
}

/**
 * Returns the end of what was written to the log at this moment, once all of it is on disk: no record that is written
 * later begins below it, each that begins below can be read, and none of them is lost in a crash. Where the log was
 * flushed to by itself may be in the middle of a record, which nobody can read yet.
 *
 * @throws SourceError SOURCE_UNAVAILABLE if it is not flushed in time
 */
export async function flushedEnd(connection: PostgresConnection, signal: AbortSignal): Promise<bigint> {
  const ends = async (): Promise<LogEnds> => {
    const [row] = await connection.query(ENDS);
    const { written, flushed, page, segment } = row!;
    return {
      written: lsnOf(written!)!,
      flushed: lsnOf(flushed!)!,
      page: BigInt(page!),
      segment: BigInt(segment!),
    };
  };
  const { written, ...first } = await ends();
  let { flushed } = first;
  let isNudged = false;
  let waitedMs = 0;
  for (
    let ms: number = PAUSE_MS[0];
    !isFlushed({ ...first, written, flushed });
    ms = Math.min(2 * ms, PAUSE_MS[1])
  ) {
    signal.throwIfAborted();
    if (waitedMs >= LIMIT_MS)
      throw away("The server does not flush its log: what is in it may still be lost.");
    if (waitedMs >= NUDGE_AFTER_MS && !isNudged) {
      // The records of a transaction that is idle are flushed with the next commit, here that of a number alone.
      await connection.query("SELECT pg_current_xact_id()");
      isNudged = true;
    }
    await connection.query("SELECT pg_sleep($1)", [ms / 1_000]);
    waitedMs += ms;
    ({ flushed } = await ends());
  }
  return written;
}
