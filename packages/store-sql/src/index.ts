export * from "./conditions.js";
export * from "./pages.js";
export * from "./rows.js";
export * from "./steps.js";
export * from "./tally.js";
export * from "./twins.js";
