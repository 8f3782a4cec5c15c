import type { StoreInfo, TableSize } from "@tidegate/core/store";
import type { Statements } from "./statements.js";

const TABLES = `SELECT name, wr AS is_without_rowid FROM pragma_table_list
  WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`;

const BYTES = "SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size";

/** Returns the sizes of the tables: see `StoreInspection`. */
export function inspect(statements: Statements): StoreInfo {
  const tables = statements
    .all<{ name: string; is_without_rowid: number }>(TABLES)
    .map(({ name, is_without_rowid }): TableSize => {
      const rows = is_without_rowid === 1 ? null : rowsOf(statements, name);
      return { name, rows, bytes: null };
    });
  return { kind: "sqlite", bytes: statements.get<{ bytes: number }>(BYTES)!.bytes, tables, managers: [] };
}

/** Numbers of rows are given in order, and few rows are removed: the last one says about how many there are. */
function rowsOf(statements: Statements, table: string): number {
  const name = `"${table.replaceAll('"', '""')}"`;
  return statements.get<{ last: number }>(`SELECT coalesce(max(rowid), 0) AS last FROM ${name}`)!.last;
}
