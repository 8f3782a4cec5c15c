import { basename, relative } from "node:path";

/** How often it is told how far the tests are, ms. */
const TELL_EVERY_MS = 30_000;

/** How many of the slowest files are named at the end. */
const SLOWEST = 10;

/** Test files that start the servers of others: these take minutes, of which one would like to see something. */
const LIVE = /\.live\.test\.ts$/;

/** A Jest reporter: says what will take long, from time to time how far each file is, and at the end what took longest. */
export default class Progress {
  #passed = new Map();
  #timer;

  onRunStart({ numTotalTestSuites }) {
    this.#timer = setInterval(() => this.#tell(numTotalTestSuites), TELL_EVERY_MS);
    this.#timer.unref();
  }

  onTestFileStart({ path }) {
    if (LIVE.test(path)) process.stderr.write(`${nameOf(path)} begins: it starts real servers.\n`);
    this.#passed.set(path, 0);
  }

  onTestCaseResult({ path }, { status }) {
    if (status === "passed") this.#passed.set(path, (this.#passed.get(path) ?? 0) + 1);
  }

  onTestFileResult({ path }) {
    this.#passed.delete(path);
  }

  onRunComplete(_contexts, { testResults }) {
    clearInterval(this.#timer);
    const slowest = testResults
      .map(({ testFilePath, perfStats }) => ({ path: testFilePath, seconds: perfStats.runtime / 1_000 }))
      .sort((a, b) => b.seconds - a.seconds)
      .slice(0, SLOWEST)
      .map(({ path, seconds }) => `${seconds.toFixed(0).padStart(6)} s  ${relative(process.cwd(), path)}`);
    if (testResults.length > SLOWEST) process.stderr.write(`\nThe slowest files:\n${slowest.join("\n")}\n`);
  }

  #tell(files) {
    const underWay = [...this.#passed].map(([path, passed]) => `${nameOf(path)} (${passed} passed)`);
    if (underWay.length > 0) process.stderr.write(`... of ${files} files now: ${underWay.join(", ")}\n`);
  }
}

function nameOf(path) {
  const [, folder = ""] = relative(process.cwd(), path).split("/");
  return `${folder}/${basename(path, ".test.ts")}`;
}
