export { postgresStore } from "./module.js";
export { PostgresStore, type PostgresStoreOptions } from "./postgres-store.js";
