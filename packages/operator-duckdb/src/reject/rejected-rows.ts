import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { listValue } from "@duckdb/node-api";
import type { Session } from "../duckdb/session.js";
import type { RunningTask, Task } from "../run/task.js";
import { publishFile, remove } from "../target/durable.js";
import type { Layout } from "../target/layout.js";

/**
 * Keeps the rows of the table `rejected` aside, replacing those of an earlier attempt.
 *
 * Rows whose time cannot be read belong to no interval, and every run that reads their file meets them. The
 * first run keeps and counts them; later runs find them in its file and leave them out.
 *
 * A snapshot of all intervals leaves none out.
 *
 * @returns how many rows this run counts as bad
 */
export async function keepRejectedRows(session: Session, task: RunningTask): Promise<number> {
  const { layout, directory, window } = task;
  if (!window.isFull) await leaveOutKnownRows(session, layout);
  const timed = await keep(session, "is_timed", join(directory, "rejected.tmp"), layout.rejected);
  const untimed = await keep(session, "NOT is_timed", join(directory, "untimed.tmp"), layout.untimed);
  return timed + untimed;
}

/** Returns how many rows `keepRejectedRows` would count as bad, and keeps none. */
export async function countRejectedRows(session: Session, { layout, window }: Task): Promise<number> {
  if (!window.isFull) await leaveOutKnownRows(session, layout);
  return countOf(session, "true");
}

/**
 * Deletes from `rejected` the rows without a readable time that another interval's run keeps. Rows are
 * matched by file and text; of equal rows in a file, as many are left out as are kept, so that one appended
 * later still counts.
 */
async function leaveOutKnownRows(session: Session, layout: Layout): Promise<void> {
  if ((await countOf(session, "NOT is_timed")) === 0) return;
  const others = (await filesIn(layout.untimedDirectory)).filter((file) => file !== layout.ownUntimed);
  if (others.length === 0) return;
  await session.run(
    `DELETE FROM rejected WHERE rowid IN (
      SELECT id FROM (
        SELECT rowid AS id, file, raw, row_number() OVER (PARTITION BY file, raw ORDER BY "row") AS nth
        FROM rejected WHERE NOT is_timed
      ) JOIN (
        SELECT file, raw, count(*) AS kept
        FROM read_json($others, format = 'newline_delimited', columns = {'file': 'VARCHAR', 'raw': 'VARCHAR'})
        GROUP BY file, raw
      ) USING (file, raw)
      WHERE nth <= kept
    )`,
    { others: listValue(others) },
  );
}

/**
 * Writes the rows that meet a condition to a file that replaces the interval's own, or removes it if there
 * are none.
 */
async function keep(session: Session, condition: string, temporary: string, file: string): Promise<number> {
  const count = await countOf(session, condition);
  if (count === 0) {
    await remove(file);
    return 0;
  }
  await session.run(
    `COPY (SELECT file, "row", reason, raw FROM rejected WHERE ${condition} ORDER BY file, "row") TO $temporary (FORMAT json)`,
    { temporary },
  );
  await publishFile(temporary, file);
  return count;
}

async function countOf(session: Session, condition: string): Promise<number> {
  const [row] = await session.rows<{ count: string }>(
    `SELECT count(*) AS count FROM rejected WHERE ${condition}`,
  );
  return Number(row!.count);
}

async function filesIn(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).map((name) => join(directory, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
