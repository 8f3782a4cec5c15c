// Prints the plain closing line of a test run, summed over all packages, and exits 1 when a test or a file failed.
import { readFileSync } from "node:fs";

const results = JSON.parse(readFileSync(new URL("../.tmp/tests.json", import.meta.url), "utf8"));
const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, numTotalTests } = results;
const failed = numFailedTests + numRuntimeErrorTestSuites;
console.log(`${numPassedTests} passed, ${failed} failed`);
if (failed > 0 || numTotalTests === 0) process.exit(1);
