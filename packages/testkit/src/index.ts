export * from "./operator-suite/operator-suite.js";
