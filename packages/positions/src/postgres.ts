/**
 * The provider of positions in tables of Postgres.
 *
 * @module
 */

export type { PostgresSourceDatabase } from "./postgres/connection.js";
export { type PostgresCursorOptions, postgresCursor } from "./postgres/postgres-cursor.js";
