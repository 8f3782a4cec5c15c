import type { SharingManager, StoreInfo, TableSize } from "@tidegate/core/store";
import type { Database } from "./database.js";

/** Estimates as the planner has them; of a table that was never analyzed, as its statistics have counted. */
const ROWS =
  "CASE WHEN c.reltuples < 0 THEN pg_stat_get_live_tuples(c.oid) ELSE round(c.reltuples)::bigint END";

/** Returns the sizes of the schema's tables, and the managers that share it: see `StoreInspection`. */
export async function inspect(database: Database, s: string): Promise<StoreInfo> {
  const [tables, managers] = await Promise.all([
    database.query<TableSize>(
      `SELECT c.relname AS name, ${ROWS} AS rows, pg_total_relation_size(c.oid) AS bytes FROM pg_class c
        WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r' ORDER BY c.relname COLLATE "C"`,
      [s],
    ),
    database.query<SharingManager>(
      `SELECT coalesce(t.name, h.owner) AS name, t.seen_at AS "seenAt", coalesce(h.leases, 0) AS leases, h.until AS "leaseUntil"
        FROM ${s}.change_teller t FULL JOIN (
          SELECT owner COLLATE "C" AS owner, count(*) AS leases, max(lease_until) AS until FROM ${s}.run
            WHERE lease_until IS NOT NULL AND owner IS NOT NULL GROUP BY 1
        ) h ON h.owner = t.name ORDER BY 1`,
      [],
    ),
  ]);
  const bytes = tables.reduce((sum, table) => sum + (table.bytes ?? 0), 0);
  return { kind: "postgres", bytes, tables, managers };
}
