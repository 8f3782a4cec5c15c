// Runs the repository's commands on a machine that has only Node 20 and npm: installs what the lockfile names, with the
// pinned pnpm and the pinned Node, builds, and hands over.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { LONG_TESTS } from "./long-tests.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = join(root, "node_modules", ".bin");
const stamp = join(root, "node_modules", ".tidegate-installed");
const env = {
  ...process.env,
  PATH: `${bin}${delimiter}${process.env.PATH}`,
  TIDEGATE_COMMAND: "1",
  TURBO_TELEMETRY_DISABLED: "1",
  TURBO_NO_UPDATE_NOTIFIER: "1",
};

function run(command, args, extraEnv = {}) {
  const { status, signal, error } = spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
    env: { ...env, ...extraEnv },
    shell: process.platform === "win32",
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? (signal ? 1 : 0));
}

/** Runs commands side by side and shows the output of each at its end. Fails if one of them has, when all have ended. */
async function runTogether(commands) {
  const codes = commands.map(([command, ...args]) => {
    const child = spawn(command, args, { cwd: root, env, shell: process.platform === "win32" });
    const output = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => output.push(chunk));
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => {
        process.stdout.write(Buffer.concat(output));
        resolve(code ?? 1);
      });
    });
  });
  const failed = (await Promise.all(codes)).find((code) => code !== 0);
  if (failed !== undefined) process.exitCode = failed;
}

function lockHash() {
  const files = ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json"];
  return createHash("sha256")
    .update(files.map((file) => readFileSync(join(root, file))).join("\n"))
    .digest("hex");
}

function install() {
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lockHash()) return;
  const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  console.log("Installing dependencies ...");
  run("npx", [
    "-y",
    `pnpm@${devDependencies.pnpm}`,
    "install",
    "--frozen-lockfile",
    "--reporter=append-only",
  ]);
  writeFileSync(stamp, lockHash());
}

function build() {
  run("turbo", ["run", "build", "--output-logs=errors-only", "--ui=stream"]);
}

const jest = (args) => run("node", ["node_modules/jest/bin/jest.js", ...args], jestEnv);
const jestEnv = {
  // Tests start the same programs again and again.
  NODE_COMPILE_CACHE: join(root, "node_modules", ".cache", "node-compile"),
  NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} --experimental-vm-modules --no-warnings`.trim(),
};

/** Servers of others that tests start, and how long all tests take with them on two cores. */
const LIVE = `With Airflow, DolphinScheduler, Flink, Kafka and SeaTunnel, on two cores, all tests take about 20 minutes; the
first time also some minutes for downloads and for what it records of them (2.2 GB, kept in ~/.cache/tidegate).
"npm run test:quick" leaves these servers out, and the long ones of the other tests: it takes about 3 minutes.`;

/** Files that start servers of others. */
const SERVERS = "\\.live\\.test\\.ts$";

/** Long ones that a quick run has nevertheless: the suites of the contracts, and the pages. */
const KEPT = [
  "packages/dashboard/test/details.test.ts",
  "packages/engine-embedded/test/conformance.test.ts",
  "packages/store-sqlite/test/files.test.ts",
  "packages/testkit/test/memory-store.test.ts",
];

/** Returns the pattern of the files that a quick run leaves out unless it names files. */
function long() {
  const paths = Object.keys(LONG_TESTS).filter((path) => !KEPT.includes(path));
  return `/(${paths.join("|").replaceAll(".", "\\.")})$`;
}

/** @param without - patterns of the paths that are left out */
function test(args, without = []) {
  build();
  mkdirSync(join(root, ".tmp"), { recursive: true });
  // Not last, since the option would take the paths after it for more patterns.
  const ignored = without.map((pattern) => `--testPathIgnorePatterns=${pattern}`);
  jest([...ignored, "--json", "--outputFile=.tmp/tests.json", "--ci", ...args]);
}

/** Writes the API reference; any warning is an error. */
const TYPEDOC = [
  "node",
  "docs/api/node_modules/typedoc/bin/typedoc",
  "--options",
  "docs/api/typedoc.config.mjs",
];

const TYPECHECK = ["turbo", "run", "typecheck", "--output-logs=errors-only", "--ui=stream"];

const commands = {
  start: (args) => {
    build();
    run("node", ["examples/demonstration/dist/main.js", ...args]);
  },
  test: (args) => {
    console.log(LIVE);
    test(args);
  },
  "test:quick": (args) => test(args, args.length === 0 ? [SERVERS, long()] : [SERVERS]),
  bench: (args) => {
    build();
    run("node", ["--expose-gc", "bench/dist/main.js", ...args]);
  },
  build,
  check: async () => {
    run("biome", ["ci", "."]);
    build();
    // The last two keep one processor busy each, and the compiler as many as there are.
    await runTogether([TYPECHECK, ["node", "scripts/package-checks.mjs"], [...TYPEDOC, "--emit", "none"]]);
  },
  docs: (args) => {
    build();
    const [command, ...options] = TYPEDOC;
    run(command, [...options, ...args]);
  },
  exec: ([command, ...args]) => run(command, args),
};

const [command = "", ...args] = process.argv.slice(2);
if (process.env.TIDEGATE_COMMAND) {
  // A task runner that takes the root for a package would call its own caller, and so on for ever.
  console.error("scripts/run.mjs must not be run by one of its own commands.");
  process.exit(2);
}
if (!Object.hasOwn(commands, command)) {
  console.error(`usage: node scripts/run.mjs ${Object.keys(commands).join(" | ")}`);
  process.exit(2);
}
install();
await commands[command](args);
