import { setTimeout as pause } from "node:timers/promises";
import { isEmptyRange, type OffsetVector } from "@tidegate/core/offset";
import { Pool } from "pg";
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

/**
 * Writes rows in transactions that end after a random time, one in ten by a rollback, while their table is read by
 * position over and over again.
 *
 * @param rows - how many are written at least
 * @param column - by which it is read: `id`, or `stamp`, which has the transaction's number
 */
export async function copyWhileWriting({
  url,
  rows,
  column,
}: {
  readonly url: string;
  readonly rows: number;
  readonly column: string;
}): Promise<Copied> {
  const pool = new Pool({ connectionString: url, max: WRITERS + 1 });
  const provider = postgresCursor({ databases: { shop: { connectionString: url } } });
  await pool.query("DROP TABLE IF EXISTS written");
  await pool.query(
    "CREATE TABLE written (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, stamp xid8 NOT NULL DEFAULT pg_current_xact_id(), name TEXT)",
  );
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
    const { earliest, latest } = await provider.bounds({ table: "written", column }, context);
    const range = { lower: from ?? earliest, upper: latest };
    if (!isEmptyRange(provider, range)) {
      const type = column === "stamp" ? "xid8" : "numeric";
      const where = `${column} >= $1::${type} AND ${column} < $2::${type}`;
      const found = await pool.query(`SELECT id FROM written WHERE ${where}`, [
        range.lower.main,
        latest.main,
      ]);
      read.push(...found.rows.map(({ id }) => String(id)));
    }
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
