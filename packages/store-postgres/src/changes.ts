import type { ChangesPage, ChangesQuery, ToldChanges } from "@tidegate/core/store";
import type { Database } from "./database.js";
import { toJson } from "./json.js";

/** Appends changes to the log if it is open. Returns whether it is. */
export async function tellChanges(database: Database, s: string, told: ToldChanges): Promise<boolean> {
  const { by, at, changes, isLast = false } = told;
  const text = changes === null || changes.length > 0 ? toJson(changes) : null;
  const [row] = await database.query<{ answer: boolean }>(
    `SELECT ${s}.tell_changes($1, $2, $3, $4) AS answer`,
    [by, at, text, isLast],
  );
  return row!.answer;
}

/** Returns entries of the log, and keeps it open. */
export async function readChanges(database: Database, s: string, query: ChangesQuery): Promise<ChangesPage> {
  const { at, after, limit } = query;
  const [seq, epoch] = after?.split(".") ?? [];
  // A position of somebody else may be anything.
  const known = seq !== undefined && /^\d{1,15}$/.test(seq) ? seq : after === undefined ? null : -1;
  const [row] = await database.query<{ answer: ChangesPage }>(
    `SELECT ${s}.read_changes($1, $2, $3, $4) AS answer`,
    [known, epoch?.replaceAll("\0", "") ?? "", at, limit],
  );
  return row!.answer;
}
