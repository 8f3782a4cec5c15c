export * from "./croner-engine.js";
export * from "./module.js";
