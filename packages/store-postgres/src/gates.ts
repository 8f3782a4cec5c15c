import type { GatedQuery, GatedRun, GateSettlement } from "@tidegate/core";
import type { Database } from "./database.js";
import { asRun, type RunRow } from "./rows.js";

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

/** Converts a settlement to the JSON that the database's functions read. */
export function settlementRow(settlement: GateSettlement): object {
  if (settlement.isOpen) return settlement;
  const { wait } = settlement;
  return { ...settlement, wait: JSON.stringify(wait), wokenBy: wait.wokenBy ?? [] };
}
