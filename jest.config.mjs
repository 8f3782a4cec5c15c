import { readdirSync } from "node:fs";

const transform = {
  "^.+\\.ts$": [
    "@swc/jest",
    {
      jsc: { parser: { syntax: "typescript", decorators: true }, target: "es2023" },
      module: { type: "es6" },
    },
  ],
};

/** One Jest project per folder with a `test` folder, named as the folder, so that failures say where they live. */
const project = (rootDir, displayName, testMatch) => ({
  rootDir,
  displayName,
  testMatch: [`<rootDir>/${testMatch}`],
  transform,
  extensionsToTreatAsEsm: [".ts"],
  moduleNameMapper: { "^(\\.{1,2}/.*)\\.js$": "$1" },
});

const below = (parent) =>
  readdirSync(new URL(parent, import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => project(`<rootDir>/${parent}/${entry.name}`, entry.name, "test/**/*.test.ts"));

export default {
  // Much of what the tests do is waiting: for processes, for seconds to pass.
  maxWorkers: "100%",
  // Far longer than any test takes: a slow machine is not a failure. Jest takes no heed of it in a project.
  testTimeout: 180_000,
  reporters: ["default", "<rootDir>/scripts/progress.mjs"],
  projects: [...below("packages"), ...below("examples"), project("<rootDir>/test", "test", "**/*.test.ts")],
};
