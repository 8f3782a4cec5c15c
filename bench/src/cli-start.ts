import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { atMost, type Figure, percentile, rounded } from "./figure.js";

const STARTS = 21;
const BIN = fileURLToPath(new URL("dist/bin.js", import.meta.resolve("@tidegate/cli/package.json")));

/** From the start of the command to its end, in turn with a Node that does nothing. */
export async function cliStart(): Promise<Figure[]> {
  const bare: number[] = [];
  const version: number[] = [];
  const help: number[] = [];
  for (let start = 0; start < STARTS; start += 1) {
    bare.push(millisecondsOf("-e", "0"));
    version.push(millisecondsOf(BIN, "--version"));
    help.push(millisecondsOf(BIN, "--help"));
  }
  const reference = { what: "node -e 0, median (ms)", value: median(bare) };
  return [
    atMost(150, {
      id: "cli-start",
      what: `tidegate --version, median of ${STARTS} starts; --help: ${median(help)} ms`,
      value: median(version),
      unit: "ms",
      reference,
    }),
  ];
}

function millisecondsOf(...args: string[]): number {
  const began = performance.now();
  const { status } = spawnSync(process.execPath, args);
  if (status !== 0) throw new Error(`node ${args.join(" ")} ended with ${status}.`);
  return performance.now() - began;
}

function median(values: readonly number[]): number {
  return rounded(percentile(values, 0.5));
}
