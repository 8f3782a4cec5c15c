// Test files that take long in a run of all tests on two cores, and their seconds there. Run as a program, it notes them anew
// after such a run.
import { readFileSync, writeFileSync } from "node:fs";
import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** Shorter ones are not noted. */
const LONG_SECONDS = 10;

const FILE = new URL("long-tests.json", import.meta.url);

/** Seconds by path from the repository's root, the longest first. */
export const LONG_TESTS = JSON.parse(readFileSync(FILE, "utf8"));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const { testResults } = JSON.parse(readFileSync(new URL("../.tmp/tests.json", import.meta.url), "utf8"));
  const long = testResults
    .map(({ name, startTime, endTime }) => [
      relative(root, name).replaceAll(sep, "/"),
      Math.round((endTime - startTime) / 1_000),
    ])
    .filter(([, seconds]) => seconds >= LONG_SECONDS)
    .sort(([, a], [, b]) => b - a);
  writeFileSync(FILE, `${JSON.stringify(Object.fromEntries(long), undefined, 2)}\n`);
}
