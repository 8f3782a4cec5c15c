export { embeddedEngine } from "./module.js";
export type { EmbeddedEngineOptions } from "./options.js";
