export * from "./embedded-engine.js";
export * from "./module.js";
