export { EmbeddedEngine, type EmbeddedEngineParts } from "./embedded-engine.js";
export { embeddedEngine } from "./module.js";
export type { EmbeddedEngineOptions } from "./options.js";
