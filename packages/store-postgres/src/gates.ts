import type { ReadyMark } from "@tidegate/core";
import { failureAtGates, type GatedQuery, type GatedRun, type GateSettlement } from "@tidegate/core/store";
import type { Database } from "./database.js";
import { asRun, type RunRow } from "./rows.js";
import { changeRow } from "./run-changes.js";

/** Returns gated runs that are due: see `GateQueue.listGated`. */
export async function listGated(
  database: Database,
  s: string,
  { now, limit, after }: GatedQuery,
): Promise<GatedRun[]> {
  const rows = await database.query<RunRow>(
    `SELECT r.* FROM ${s}.run r WHERE r.place = 'gated' AND r.look_at <= $1 AND (r.look_at, r.id) > ($2, $3)
      ORDER BY r.look_at, r.id LIMIT $4`,
    [now, after?.lookAt ?? Number.MIN_SAFE_INTEGER, after?.id ?? "", limit],
  );
  return rows.map((row) => ({ run: asRun(row), lookAt: row.look_at!, look: row.look }));
}

/** Marks a gated run: see `GateQueue.markReady`. */
export async function markReady(
  database: Database,
  s: string,
  id: string,
  mark: ReadyMark,
): Promise<boolean> {
  const marked = await database.query(
    `UPDATE ${s}.run SET marked_ready = $2, look_at = 0, look = look + 1 WHERE id = $1 AND place = 'gated' RETURNING id`,
    [id, JSON.stringify(mark)],
  );
  return marked.length === 1;
}

/** Converts a settlement to the JSON that the database's functions read. */
export function settlementRow(settlement: GateSettlement): object {
  if (settlement.isOpen) return settlement;
  if (settlement.failure !== undefined)
    return { ...settlement, change: changeRow(failureAtGates(settlement, settlement.failure), 0) };
  const { wait } = settlement;
  return { ...settlement, wait: JSON.stringify(wait), wokenBy: wait.wokenBy ?? [] };
}
