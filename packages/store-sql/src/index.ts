export * from "./conditions.js";
export * from "./pages.js";
export * from "./rows.js";
