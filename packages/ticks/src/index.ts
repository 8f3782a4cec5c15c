export * from "./cron-values.js";
export * from "./instants.js";
export * from "./local-time.js";
export * from "./ticks.js";
export * from "./ticks-of.js";
