import { readdirSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { fileURLToPath } from "node:url";

const transform = {
  "^.+\\.ts$": [
    "@swc/jest",
    {
      jsc: { parser: { syntax: "typescript", decorators: true }, target: "es2023" },
      module: { type: "es6" },
    },
  ],
};

const runtime = fileURLToPath(new URL("scripts/compile-once.mjs", import.meta.url));

/** One Jest project per folder with a `test` folder, named as the folder, so that failures say where they live. */
const project = (rootDir, displayName, testMatch) => ({
  rootDir,
  displayName,
  testMatch: [`<rootDir>/${testMatch}`],
  runtime,
  transform,
  extensionsToTreatAsEsm: [".ts"],
  moduleNameMapper: { "^(\\.{1,2}/.*)\\.js$": "$1" },
});

const below = (parent) =>
  readdirSync(new URL(parent, import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => project(`<rootDir>/${parent}/${entry.name}`, entry.name, "test/**/*.test.ts"));

/** Memory of a worker with the servers that its tests start. */
const WORKER_BYTES = 2 * 1024 ** 3;

/** Most of what tests do is waiting: for processes, for seconds to pass. With two for a processor, a quarter of it is idle. */
const WORKERS_PER_PROCESSOR = 2.5;

const maxWorkers = Math.max(
  1,
  Math.floor(Math.min(WORKERS_PER_PROCESSOR * availableParallelism(), totalmem() / WORKER_BYTES)),
);

export default {
  maxWorkers,
  testSequencer: "<rootDir>/scripts/longest-first.mjs",
  // Far longer than any test takes: a slow machine is not a failure. Jest takes no heed of it in a project.
  testTimeout: 180_000,
  reporters: ["default", "<rootDir>/scripts/progress.mjs"],
  projects: [...below("packages"), ...below("examples"), project("<rootDir>/test", "test", "**/*.test.ts")],
};
