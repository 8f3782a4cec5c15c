import { messageOf } from "@tidegate/core/plugin";
import { postgresCode } from "@tidegate/postgres-kit";
import type { Addresses } from "@tidegate/postgres-kit/addresses";
import {
  changesOf,
  type LoggedRow,
  type LsnRange,
  lsnOf,
  lsnText,
  peekSql,
  type SlotChange,
  type SlotMessage,
} from "@tidegate/postgres-kit/slot";
import { JobFailure } from "../duckdb/failure.js";
import { fileLiteral } from "../duckdb/quote.js";
import type { ChangesSource } from "../job/job.js";
import type { Positions } from "../job/window.js";
import { LINE_LIMITS, MAX_LINE_BYTES } from "../read/files.js";
import { PostgresLink } from "./link.js";
import { asFile } from "./piped.js";

/** How often, and after which pause, a slot that somebody else reads is tried again, ms: as long as it is advanced. */
const BUSY = { times: 120, pauseMs: 500 };

const IN_USE = "55006";

/** Dependencies of `readChanges`. */
export interface ChangesReading {
  readonly addresses: Addresses;
  /** The folder of the changes' text until it was read. */
  readonly directory: string;
  readonly positions: Positions;
  readonly signal: AbortSignal;
}

/**
 * Reads the changes of the transactions that were committed in a range of positions, in their order. The slot stays where
 * it is, so that a range can be read again.
 *
 * @param use - see `readTable`
 * @throws JobFailure JOB_FAILED if the slot no longer has all of the range, or the server does not have it yet
 */
export async function readChanges(
  source: ChangesSource,
  { addresses, directory, positions, signal }: ChangesReading,
  use: (rows: string) => Promise<void>,
): Promise<void> {
  const range = { lower: lsnOf(positions.lower!)!, upper: lsnOf(positions.upper)! };
  let isUsed = false;
  for (let left = BUSY.times; ; left -= 1) {
    try {
      return await PostgresLink.use(addresses, "read", signal, async (link) => {
        await requireReadable(link, source, range);
        await asFile(linesOf(link, source, range), directory, (file) => {
          isUsed = true;
          return use(rowsOf(file));
        });
        // A slot has one reader at a time, so another can have advanced it only before or after this one.
        await requireReadable(link, source, range);
      });
    } catch (error) {
      const isBusy = !isUsed && postgresCode((error as Error).cause) === IN_USE;
      if (!isBusy || left === 0) throw named(error);
      await pause(addresses, signal);
    }
  }
}

/** Requires that a slot has not passed the beginning of a range, and that the log has its end. */
async function requireReadable(link: PostgresLink, { slot }: ChangesSource, range: LsnRange): Promise<void> {
  const [found] = await link.rows<{ begin: string | null; end: string }>(
    `SELECT pg_current_wal_insert_lsn()::text AS end, (SELECT confirmed_flush_lsn::text FROM pg_replication_slots
      WHERE slot_name = $1 AND database = current_database() AND plugin = 'pgoutput') AS begin`,
    [slot],
  );
  const { begin, end } = found!;
  if (begin === null)
    throw lost(`There is no replication slot ${slot} of the plugin pgoutput in this database.`);
  if (lsnOf(begin)! > range.lower)
    throw lost(
      `The slot ${slot} begins at ${begin}, behind ${lsnText(range.lower)}: changes in between are gone.`,
    );
  if (lsnOf(end)! < range.upper)
    throw lost(`The log of the server ends at ${end}, before ${lsnText(range.upper)}: it went back.`);
}

async function* linesOf(link: PostgresLink, source: ChangesSource, range: LsnRange): AsyncGenerator<Buffer> {
  const copied = link.copyOut(`COPY (SELECT xid, data FROM ${peekSql(source, range.upper)}) TO STDOUT`);
  let text = "";
  for await (const change of changesOf(messagesOf(copied), range)) {
    text += lineOf(change);
    if (text.length < CHUNK) continue;
    yield Buffer.from(text);
    text = "";
  }
  yield Buffer.from(text);
}

/** Characters that are handed on at a time. */
const CHUNK = 65_536;

/** Returns the messages of a COPY's text, one a line: a number, and bytes as `\\x` and digits. */
async function* messagesOf(text: AsyncIterable<Buffer>): AsyncGenerator<SlotMessage> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of text) {
    let all = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let end = all.indexOf(NEW_LINE); end >= 0; end = all.indexOf(NEW_LINE)) {
      const tab = all.indexOf(TAB);
      const hex = all.toString("latin1", tab + 1 + HEX_PREFIX.length, end);
      yield { xid: all.toString("latin1", 0, tab), data: Buffer.from(hex, "hex") };
      all = all.subarray(end + 1);
    }
    // A copy: the chunk is written over.
    rest = Buffer.from(all);
  }
}

const NEW_LINE = 10;
const TAB = 9;
const HEX_PREFIX = "\\\\x";

/** The columns of a change, by their names and DuckDB's types. */
const COLUMNS = {
  lsn: "VARCHAR",
  number: "BIGINT",
  xid: "BIGINT",
  committed_at: "BIGINT",
  kind: "VARCHAR",
  schema: "VARCHAR",
  table: "VARCHAR",
  columns: "JSON",
  old: "JSON",
};

function lineOf({ lsn, number, xid, committedAt, kind, schema, table, row, old }: SlotChange): string {
  const values = [lsn, number, xid, committedAt, kind, schema, table, jsonOf(row), jsonOf(old)];
  return `${values.map((value) => (value === null ? "" : `"${String(value).replaceAll('"', '""')}"`)).join("\t")}\n`;
}

/** Values are texts as Postgres writes them, so that none is rounded. An object of JavaScript would sort its names. */
function jsonOf(row: LoggedRow | null): string | null {
  if (row === null) return null;
  return `{${[...row].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
}

function rowsOf(file: string): string {
  const columns = Object.entries(COLUMNS).map(([name, type]) => `'${name}': '${type}'`);
  return `SELECT * REPLACE (make_timestamptz(committed_at) AS committed_at) FROM read_csv(${fileLiteral(file)}, auto_detect = false,
    header = false, delim = '\t', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, new_line = '\\n',
    hive_partitioning = false, ${LINE_LIMITS}, columns = {${columns.join(", ")}})`;
}

/** Waits a moment, on a connection of its own, so that an abort ends it as it ends a statement. */
function pause(addresses: Addresses, signal: AbortSignal): Promise<void> {
  return PostgresLink.use(addresses, "read", signal, (link) =>
    link.run("SELECT pg_sleep($1)", [BUSY.pauseMs / 1_000]),
  );
}

/** DuckDB's errors quote the whole line. */
function named(error: unknown): unknown {
  if (!/Maximum line size/.test(messageOf(error))) return error;
  return lost(`A change has more than ${MAX_LINE_BYTES} bytes as text.`);
}

function lost(message: string): JobFailure {
  return new JobFailure("JOB_FAILED", message, { isRetryable: false });
}
