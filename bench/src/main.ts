import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import Table from "cli-table3";
import type { Figure } from "./figure.js";
import { preview, simulation } from "./grids.js";
import { burst, lateness } from "./lateness.js";
import { ledger } from "./ledger.js";
import { million } from "./million.js";
import { runLife } from "./run-life.js";

/** Each is measured in a process of its own, so that none inherits another's memory. */
const BENCHMARKS: Readonly<Record<string, () => Promise<Figure[]>>> = {
  "run-life": runLife,
  lateness,
  burst,
  million,
  preview,
  simulation,
  ledger,
};

const MARK = "figures: ";

async function measureHere(name: string): Promise<void> {
  const figures = await BENCHMARKS[name]!();
  console.log(`${MARK}${JSON.stringify(figures)}`);
}

function measureApart(name: string): Figure[] {
  process.stderr.write(`${name} ... `);
  const began = performance.now();
  const child = spawnSync(process.execPath, ["--expose-gc", fileURLToPath(import.meta.url), "--here", name], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = child.stdout.split("\n").find((text) => text.startsWith(MARK));
  process.stderr.write(`${((performance.now() - began) / 1_000).toFixed(0)} s\n`);
  if (line === undefined) throw new Error(`${name} printed no figures (exit ${child.status})`);
  return JSON.parse(line.slice(MARK.length)) as Figure[];
}

function print(figures: readonly Figure[]): void {
  const table = new Table({
    head: ["id", "what", "value", "goal", "reference", "pass"],
    colWidths: [18, 44, 16, 12, 38, 6],
    wordWrap: true,
    style: { head: [], border: [] },
  });
  for (const { id, what, value, unit, goal, reference, pass } of figures) {
    table.push([id, what, `${value} ${unit}`, goal, `${reference.value} (${reference.what})`, pass ? "yes" : "NO"]);
  }
  console.log(table.toString());
  const [cpu] = cpus();
  console.log(
    `${cpus().length} x ${cpu?.model ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, tz ${process.versions.tz}`,
  );
}

const [first, here] = process.argv.slice(2);
if (first === "--here" && here !== undefined) {
  await measureHere(here);
} else {
  const names = process.argv.slice(2);
  const chosen = names.length > 0 ? names : Object.keys(BENCHMARKS);
  const figures = chosen.flatMap(measureApart);
  print(figures);
  if (names.length === 0) {
    writeFileSync(new URL("../results.json", import.meta.url), `${JSON.stringify(figures, null, 2)}\n`);
  }
  process.exitCode = figures.every(({ pass }) => pass) ? 0 : 1;
}
