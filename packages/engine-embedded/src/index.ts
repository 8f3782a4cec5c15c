export * from "./embedded-engine.js";
export * from "./module.js";
export type { EmbeddedEngineOptions } from "./options.js";
