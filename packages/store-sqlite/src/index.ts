export * from "./module.js";
export * from "./sqlite-store.js";
