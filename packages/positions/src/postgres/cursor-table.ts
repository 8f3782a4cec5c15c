import { wrong } from "../kit/source-errors.js";
import type { PostgresConnection } from "./connection.js";

/** A table with its cursor column, as Postgres knows it. */
export interface CursorTable {
  /** Names this life of the column: of its cluster, its database, its table and itself. */
  readonly incarnation: string;
  readonly oid: string;
  /** Its name, quoted, after that of its schema. */
  readonly name: string;
  /** Whether the column holds the numbers of transactions. */
  readonly isTransaction: boolean;
  readonly isNullable: boolean;
  /** The sequence from which the column is drawn; absent for numbers of transactions. */
  readonly sequence?: string;
}

const DESCRIBED = `
  SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name, c.relkind AS kind,
    format_type(a.atttypid, NULL) AS type, a.attnotnull AS filled, a.attnum AS number,
    pg_get_serial_sequence(format('%I.%I', n.nspname, c.relname), a.attname)::regclass::oid AS sequence,
    (SELECT system_identifier FROM pg_control_system()) AS system,
    (SELECT oid FROM pg_database WHERE datname = current_database()) AS database
  FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = $2 AND a.attnum > 0 AND NOT a.attisdropped
  WHERE c.oid = to_regclass($1)`;

/**
 * Describes a table and its cursor column.
 *
 * @param table - its quoted name
 * @throws SourceError SOURCE_INVALID if there is none, or its column cannot be read without missing rows
 */
export async function describeTable(
  connection: PostgresConnection,
  table: string,
  column: string,
): Promise<CursorTable> {
  const [row] = await connection.query(DESCRIBED, [table, column]);
  if (row === undefined) throw wrong(`There is no table ${table}.`);
  const name = row.name!;
  if (row.kind !== "r" && row.kind !== "p") throw wrong(`${name} is no table.`);
  if (row.type === null) throw wrong(`The table ${name} has no column ${column}.`);
  const isTransaction = row.type === "xid8";
  if (!isTransaction) await requireOrdered(connection, name, column, row.type!, row.sequence ?? undefined);
  return {
    incarnation: `${row.system}.${row.database}.${row.oid}.${row.number}`,
    oid: row.oid!,
    name,
    isTransaction,
    isNullable: row.filled !== "t",
    ...(row.sequence == null ? {} : { sequence: row.sequence }),
  };
}

async function requireOrdered(
  connection: PostgresConnection,
  table: string,
  column: string,
  type: string,
  sequence: string | undefined,
): Promise<void> {
  const refuse = (problem: string): Error =>
    wrong(
      `The column ${column} of ${table} ${problem}: rows might be missed. Add a column of type xid8 with the default pg_current_xact_id(), and read by it.`,
    );
  if (!/^(smallint|integer|bigint)$/.test(type)) throw refuse(`is a ${type}, no whole number`);
  if (sequence === undefined) throw refuse("is not drawn from a sequence of its own");
  const [row] = await connection.query(
    "SELECT seqcache, seqincrement, seqcycle, pg_is_in_recovery() AS standby FROM pg_sequence WHERE seqrelid = $1::oid",
    [sequence],
  );
  if (row!.standby === "t") throw refuse("is read on a standby, which does not know who is writing");
  if (row!.seqcache !== "1") throw refuse("is drawn from a sequence with a cache");
  if (row!.seqincrement!.startsWith("-") || row!.seqcycle === "t")
    throw refuse("is drawn from a sequence that does not only grow");
}
