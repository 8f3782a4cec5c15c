import { hash } from "node:crypto";
import { staleView } from "./adopt-view.js";
import type { PostgresLink } from "./link.js";
import type { PostgresTable } from "./table.js";

/** The name of an exported view of a database, and a digest of what it shows: names come back after a restart of the server. */
const TOKEN = /^([0-9A-F-]{1,100})\.([0-9a-f]{16})$/;

/** The relations whose rows a read of `$1` returns: itself, what a view is made of, children and partitions. */
const STORAGE = `WITH RECURSIVE named (oid) AS (
  SELECT $1::int8::oid
  UNION
  SELECT below.oid FROM named, LATERAL (
    SELECT inhrelid AS oid FROM pg_inherits WHERE inhparent = named.oid
    UNION ALL
    SELECT refobjid FROM pg_rewrite JOIN pg_depend ON classid = 'pg_rewrite'::regclass AND objid = pg_rewrite.oid
    WHERE ev_class = named.oid AND refclassid = 'pg_class'::regclass
  ) AS below
), stored AS (
  SELECT oid FROM named UNION SELECT relid::oid FROM named, pg_partition_tree(named.oid::regclass)
)
SELECT pg_current_snapshot()::text AS visible, string_agg(oid || ' ' || coalesce(pg_relation_filenode(oid), 0), ',' ORDER BY oid) AS storage
FROM stored`;

/**
 * Returns the token of a view that was exported, for jobs that read a table in it.
 *
 * @param link - a transaction that reads the view
 */
export async function snapshotToken(link: PostgresLink, name: string, table: PostgresTable): Promise<string> {
  return `${name}.${await digestOf(link, table)}`;
}

/** Returns the name of a token's view. @throws JobFailure SPLIT_STALE if it is no token of this operator */
export function snapshotName(token: string): string {
  const [, name] = TOKEN.exec(token) ?? [];
  if (name === undefined) throw staleView("is none of Postgres");
  return name;
}

/**
 * Requires that the view which a transaction reads still is that of a token. Postgres shows a table that was truncated or
 * rewritten as empty to older views, so that is refused, too; it cannot be done behind this check.
 *
 * @throws JobFailure SPLIT_STALE
 */
export async function requireSnapshot(
  link: PostgresLink,
  token: string,
  table: PostgresTable,
): Promise<void> {
  if (token.endsWith(`.${await digestOf(link, table)}`)) return;
  throw staleView(
    `has another content: ${table.sql} was truncated or rewritten, or the server was restarted`,
  );
}

/** Keeps the relations of a table, or those below a view, as they are until the transaction ends. Reads no row. */
async function lock(link: PostgresLink, { sql }: PostgresTable): Promise<void> {
  await link.run(`SELECT FROM ${sql} LIMIT 0`);
}

async function digestOf(link: PostgresLink, table: PostgresTable): Promise<string> {
  await lock(link, table);
  const rows = await link.rows(STORAGE, [table.oid]);
  return hash("sha256", JSON.stringify(rows), "hex").slice(0, 16);
}
