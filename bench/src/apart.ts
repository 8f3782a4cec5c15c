import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const MARK = "result: ";

/** Runs a task of the benchmark in a process of its own, so that it inherits nobody's memory, and returns its result. */
export function runApart<T>(task: string, ...args: readonly string[]): T {
  const main = fileURLToPath(new URL("./main.js", import.meta.url));
  const child = spawnSync(process.execPath, ["--expose-gc", main, "--task", task, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = child.stdout.split("\n").find((text) => text.startsWith(MARK));
  if (line === undefined) throw new Error(`${task} gave no result (exit ${child.status})`);
  return JSON.parse(line.slice(MARK.length)) as T;
}

/** The other side: prints a task's result for `runApart`. */
export function printResult(result: unknown): void {
  console.log(`${MARK}${JSON.stringify(result)}`);
}
