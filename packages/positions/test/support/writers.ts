import { setTimeout as pause } from "node:timers/promises";
import type { JsonObject } from "@tidegate/core";
import { isEmptyRange, type OffsetRange, type OffsetVector } from "@tidegate/core/offset";
import { type Client, Pool } from "pg";
import type { DefinedProvider } from "../../src/index.js";
import { postgresCursor } from "../../src/postgres.js";

/** How many transactions write at a time. */
const WRITERS = 12;

/** Most rows of a transaction. */
const MOST_ROWS = 16;

/** The longest that a transaction waits before it ends, ms. */
const LONGEST_MS = 20;

/** What a reader did beside writers. */
export interface Copied {
  /** Keys of the rows that it read, one for each time. */
  readonly read: string[];
  /** Keys of the rows that are there. */
  readonly written: string[];
}

/** How the table `written (id, stamp, name)` is read. */
export interface Reading {
  readonly provider: DefinedProvider;
  readonly source: JsonObject;
  /** Called once there is the table, and before its first row. */
  begin?(pool: Pool): Promise<void>;
  /** Returns the keys of the rows in a range. */
  idsIn(pool: Pool, range: OffsetRange): Promise<readonly string[]>;
}

/** Writes in a transaction, which is open until it is committed. */
export async function uncommitted<T>(
  writer: Client,
  write: (by: Client) => Promise<T>,
): Promise<{ commit(): Promise<T> }> {
  await writer.query("BEGIN");
  const written = await write(writer);
  return {
    async commit() {
      await writer.query("COMMIT");
      await writer.end();
      return written;
    },
  };
}

/** Reads by a column: `id`, or `stamp`, which has the transaction's number. */
export function byColumn(url: string, column: string): Reading {
  const type = column === "stamp" ? "xid8" : "numeric";
  const where = `${column} >= $1::${type} AND ${column} < $2::${type}`;
  return {
    provider: postgresCursor({ databases: { shop: { connectionString: url } } }),
    source: { table: "written", column },
    idsIn: async (pool, { lower, upper }) => {
      const { rows } = await pool.query(`SELECT id FROM written WHERE ${where}`, [lower.main, upper.main]);
      return rows.map(({ id }) => String(id));
    },
  };
}

/**
 * Writes rows in transactions that end after a random time, one in ten by a rollback, while their table is read by
 * position over and over again.
 *
 * @param rows - how many are written at least
 */
export async function copyWhileWriting(url: string, rows: number, reading: Reading): Promise<Copied> {
  const { provider, source } = reading;
  const pool = new Pool({ connectionString: url, max: WRITERS + 1 });
  await pool.query("DROP TABLE IF EXISTS written");
  await pool.query(
    "CREATE TABLE written (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, stamp xid8 NOT NULL DEFAULT pg_current_xact_id(), name TEXT)",
  );
  await reading.begin?.(pool);
  let count = 0;
  const write = async (): Promise<void> => {
    const client = await pool.connect();
    while (count < rows) {
      const many = 1 + Math.floor(Math.random() * MOST_ROWS);
      await client.query("BEGIN");
      for (let left = many; left > 0; left -= 4)
        await client.query(
          `INSERT INTO written (name) SELECT 'x' FROM generate_series(1, ${Math.min(left, 4)})`,
        );
      await pause(Math.random() * LONGEST_MS);
      const isKept = Math.random() >= 0.1;
      await client.query(isKept ? "COMMIT" : "ROLLBACK");
      if (isKept) count += many;
    }
    client.release();
  };
  const read: string[] = [];
  let from: OffsetVector | undefined;
  const readOn = async (): Promise<void> => {
    const context = { now: 0, signal: new AbortController().signal };
    const { earliest, latest, incarnation } = await provider.bounds(source, context);
    const range = { lower: from ?? earliest, upper: latest };
    if (!isEmptyRange(provider, range)) read.push(...(await reading.idsIn(pool, range)));
    await provider.release?.(source, latest, { ...context, holder: "tests/written", incarnation });
    from = latest;
  };
  try {
    let isWriting = true;
    const writing = Promise.all(Array.from({ length: WRITERS }, write)).finally(() => {
      isWriting = false;
    });
    while (isWriting) await readOn();
    await writing;
    await readOn();
    const written = (await pool.query("SELECT id FROM written")).rows.map(({ id }) => String(id));
    return { read, written };
  } finally {
    await provider.stop();
    await pool.end();
  }
}
