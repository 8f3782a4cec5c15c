export * from "./builders.js";
export * from "./engine-suite/engine-suite.js";
export { untroubled } from "./operator-suite/conduct.js";
export * from "./operator-suite/operator-suite.js";
export * from "./operator-suite/request.js";
export * from "./recorder/index.js";
export * from "./store-suite/store-suite.js";
