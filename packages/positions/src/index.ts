export type { CursorColumn, CursorConnection, CursorDatabase, SqlRow } from "./cursor/cursor-database.js";
export {
  type DuckdbConnection,
  type DuckdbDatabaseOptions,
  duckdbDatabase,
} from "./cursor/duckdb-database.js";
export { type SqlCursorOptions, sqlCursor } from "./cursor/sql-cursor.js";
export { type SqliteDatabaseOptions, sqliteDatabase } from "./cursor/sqlite-database.js";
export { type FilePositionsOptions, filePositions } from "./files/file-positions.js";
export { type DefinedProvider, defineProvider, type ProviderDefinition } from "./kit/define-provider.js";
export { InvalidSource } from "./kit/invalid-source.js";
