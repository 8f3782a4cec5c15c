export * from "./module.js";
export type { SqliteStoreOptions } from "./options.js";
export * from "./sqlite-store.js";
