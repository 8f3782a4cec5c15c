/**
 * The providers of positions in Postgres: of a table, and of a replication slot.
 *
 * @module
 */

export type { DefinedProvider } from "./kit/define-provider.js";
export type { PostgresSourceDatabase } from "./postgres/connection.js";
export { type PostgresCursorOptions, postgresCursor } from "./postgres/postgres-cursor.js";
export { type PostgresSlotOptions, postgresSlot } from "./postgres/postgres-slot.js";
