export * from "./bullmq-engine.js";
export * from "./module.js";
export * from "./options.js";
