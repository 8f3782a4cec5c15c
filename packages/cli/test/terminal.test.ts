import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { GroupLag, Run } from "@tidegate/core";
import { findShell } from "@tidegate/test-servers";
import { Bed, hours, RANGE } from "./bed.js";

const bed = new Bed({ inOneProcess: true });
/** A manager that is stopped by a signal. */
const other = new Bed();
beforeAll(async () => {
  await bed.serve();
  const broken = hours("broken", "onFailure: continue\n").replace(
    "SELECT 1 AS one WHERE",
    "SELECT error(chr(27) || '[31mred' || chr(8238) || 'txt') AS one WHERE",
  );
  await bed.run(["apply", "-"], { input: `${hours("orders")}---\n${broken}` });
  await bed.run(["coverage", "orders", ...RANGE, "--wait", "60s"]);
});
afterAll(async () => {
  await bed.close();
  await other.close();
});

/** Waits for the job that fails. */
async function failedRun(): Promise<Run> {
  for (;;) {
    const { stdout } = await bed.run(["get", "runs", "--group", "broken", "--state", "FAILED"]);
    const [run] = JSON.parse(stdout) as Run[];
    if (run !== undefined) return run;
  }
}

describe("at a terminal", () => {
  it("results are tables, and JSON where a program reads", async () => {
    const args = ["get", "schedules", "--prefix", "orders"];
    expect((await bed.terminal(args)).stdout).toMatch(/^GROUP +STATUS.*\norders +REGISTERED/);
    expect((await bed.terminal([...args, "--json"])).stdout).toMatch(/^\[\n {2}\{/);
    expect((await bed.run(args)).stdout).toMatch(/^\[\n {2}\{/);
  });

  it("schedules show how far they are covered, and those that lag are listed by themselves", async () => {
    await failedRun();
    const { stdout } = await bed.terminal(["get", "schedules"]);
    expect(stdout).toMatch(/^GROUP .*PLANNED TO +COVERED TO +LAG +WAITING/);
    expect(stdout).toMatch(/^orders .* 2026-01-01T04:00:00Z +2026-01-01T04:00:00Z +- +0/m);
    expect(stdout).toMatch(/^broken .* 2026-01-01T00:00:00Z +\dh +0/m);
    const lags = JSON.parse((await bed.run(["get", "lags"])).stdout) as GroupLag[];
    expect(lags).toMatchObject([{ groupId: "broken", coveredThrough: Date.parse("2026-01-01T00:00:00Z") }]);
    expect((await bed.terminal(["list", "lags"])).stdout).toMatch(
      /^GROUP +LAG +COVERED TO +PLANNED TO\nbroken +\dh/,
    );
  });

  it("headings stand out, unless colours are not wanted", async () => {
    const args = ["get", "schedules"];
    expect((await bed.terminal(args, { env: { NO_COLOR: "", TERM: "xterm" } })).stdout).toContain(
      "\x1b[1mGROUP",
    );
    expect((await bed.terminal(args)).stdout).not.toContain("\x1b");
    expect((await bed.run([...args, "-o", "table"], { env: { NO_COLOR: "" } })).stdout).not.toContain("\x1b");
  });

  it("messages of jobs and notes of people are shown, and steer nothing", async () => {
    const run = await failedRun();
    expect(run.error!.message).toContain("\x1b[31mred\u202etxt");
    await bed.run(["pause", "orders", "--note", "left \u202e right"]);
    for (const args of [
      ["get", "runs", "--group", "broken"],
      ["explain", run.id],
      ["logs", run.id],
      ["logs", run.id, "--follow"],
      ["get", "schedules", "-o", "yaml"],
      ["get", "runs", "--group", "broken", "--json"],
      ["describe", "broken"],
      ["get", "no\x1b[2J\u202ebody"],
    ]) {
      const { stdout } = await bed.terminal(args);
      for (const hidden of ["\x1b", "\u202e"]) expect(stdout).not.toContain(hidden);
      expect(stdout).toMatch(/\\(x1b|u001b|e)|\\u202[eE]/);
    }
    await bed.run(["resume", "orders"]);
  });

  it("escapes in JSON and YAML mean what was stored", async () => {
    const run = await failedRun();
    const { stdout } = await bed.run(["get", "runs", "--group", "broken", "-o", "json"]);
    const again = (JSON.parse(stdout) as Run[]).find(({ id }) => id === run.id);
    expect(again!.error!.message).toContain("\x1b[31mred\u202etxt");
  });
});

describe("a confirmation", () => {
  beforeAll(async () => {
    const many = hours("many").replace("unit: hour", "unit: minute");
    await bed.run(["apply", "-"], { input: `${many}catchup: coalesce\n` });
    await bed.run(["coverage", "many", ...RANGE, "--wait", "60s"]);
    await bed.run(["pause", "many"]);
  });
  const backfill = ["backfill", "many", ...RANGE, "--select", "all"];

  it("is needed for a purge", async () => {
    await bed.run(["apply", "-"], { input: hours("gone") });
    await bed.run(["coverage", "gone", ...RANGE, "--wait", "60s"]);
    const purge = ["delete", "gone", "--purge"];
    expect(await bed.run(purge)).toMatchObject({ code: 2, stderr: expect.stringContaining("--yes") });
    expect(await bed.terminal(purge, { input: "n\n" })).toMatchObject({ code: 2 });
    expect(await bed.run(["get", "versions", "gone"])).toMatchObject({ code: 0 });
    expect(await bed.terminal(purge, { input: "y\n" })).toMatchObject({ code: 0 });
    expect(await bed.run(["get", "versions", "gone"])).toMatchObject({ code: 3 });
  });

  it("is not needed to see a plan", async () => {
    const { code, stdout } = await bed.run([...backfill, "--plan"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ runs: expect.any(Number), ranges: [expect.anything()] });
  });
});

describe("a signal", () => {
  it("ends a command with 130", async () => {
    const { stdout } = await promisify(execFile)("bash", [
      "-c",
      `"${process.execPath}" "${bed.bin}" coverage orders --from 2025-01-01T00:00:00Z --to now --wait 60s --url ${bed.url} & pid=$!
       until grep -q SigCgt:.*[2367abef]$ /proc/$pid/status; do :; done; kill -INT $pid; wait $pid; echo "code $?"`,
    ]);
    expect(stdout).toBe("code 130\n");
  });

  it("stops a manager in order", async () => {
    await other.serve();
    expect(await other.stop("SIGINT")).toBe(0);
  });
});

/** Completes until there is a suggestion: groups come from the manager, and a slow answer is not waited for. */
async function suggested(complete: () => Promise<string[]>): Promise<string[]> {
  for (;;) {
    const found = await complete();
    if (found.join("") !== "") return found;
  }
}

/** Programs by which each shell says how it would complete its arguments, the last of which is being typed. */
const SHELLS = {
  bash: `source <(tidegate completion bash); COMP_WORDS=(tidegate "$@"); COMP_CWORD=$#; _tidegate; printf '%s\\n' "\${COMPREPLY[@]}"`,
  // zsh completes only what is typed at a terminal: its part of it is replaced.
  zsh: `compdef() { : }; compadd() { print -rl -- "\${(@)\${(P)2}}" }; _files() { print files }
    source <(tidegate completion zsh); words=(tidegate "$@"); CURRENT=$#words; _tidegate`,
  fish: `set -a fish_function_path $FISH_FUNCTIONS; tidegate completion fish | source
    complete -C (string join -- ' ' tidegate $argv)`,
} as const;

describe.each(["bash", "zsh", "fish"] as const)("completion in %s", (shell) => {
  const complete = async (...words: string[]): Promise<string[]> => {
    const bin = join(bed.folder, "bin");
    mkdirSync(bin, { recursive: true });
    const script = `#!/bin/sh\nexec "${process.execPath}" "${bed.bin}" "$@"\n`;
    writeFileSync(join(bin, "tidegate"), script, { mode: 0o755 });
    const { path, env } = shell === "bash" ? { path: "bash", env: {} } : await findShell(shell);
    const args = { bash: ["-c"], zsh: ["-f", "-c"], fish: ["--no-config", "-c"] }[shell];
    const name = { bash: ["bash"], zsh: ["zsh"], fish: ["--"] }[shell];
    const { stdout } = await promisify(execFile)(path, [...args, SHELLS[shell], ...name, ...words], {
      cwd: bed.folder,
      env: { ...bed.env, ...env, PATH: `${bin}:${bed.env.PATH}` },
    });
    return stdout.trim().split("\n");
  };

  it("knows commands, options, values and groups", async () => {
    expect(await complete("ge")).toEqual(["get"]);
    expect(await complete("get", "r")).toEqual(["runs"]);
    expect(await complete("backfill", "--sel")).toEqual(["--select"]);
    expect(await complete("backfill", "orders", "--select", "in")).toEqual(["incomplete"]);
    expect(await complete("-o", "j")).toEqual(["json", "jsonl"]);
    expect(await suggested(() => complete("audit", "or"))).toEqual(["orders"]);
    expect(await suggested(() => complete("get", "runs", "--group", "br"))).toEqual(["broken"]);
  });

  it("leaves files to the shell", async () => {
    bed.write("xylophone.yaml", hours("xylophone"));
    const ownOf = { bash: "", zsh: "files", fish: "xylophone.yaml" };
    expect(await complete("audit", "x")).toEqual([ownOf[shell]]);
  });
});

describe("completion in pwsh", () => {
  it("gives the words before and the typed one as options, since empty words and -- are dropped", async () => {
    const complete = async (before: readonly string[], typed: string): Promise<string[]> => {
      const { stdout } = await bed.run(["complete", `--before=${before.join("\t")}`, `--typed=${typed}`]);
      return stdout.trim().split("\n");
    };
    expect(await complete([], "ge")).toEqual(["get"]);
    expect(await complete(["get"], "r")).toEqual(["runs"]);
    expect(await complete(["backfill"], "--sel")).toEqual(["--select"]);
    expect(await complete(["backfill", "orders", "--select"], "in")).toEqual(["incomplete"]);
    const groups = await suggested(() => complete(["audit"], ""));
    expect(groups).toEqual(expect.arrayContaining(["broken", "orders"]));
    const { stdout } = await bed.run(["completion", "pwsh"]);
    expect(stdout).toMatch(/^Register-ArgumentCompleter -Native -CommandName tidegate -ScriptBlock \{\n/);
    expect(stdout).toContain('tidegate complete "--before=$($before -join [char]9)" "--typed=$typed"');
  });
});

describe("the manual", () => {
  const REQUESTS = /^\.(TH|SH|SS|TP|PP|B)( |$)/;

  it("has every command with its options, and nothing that is taken for a request", async () => {
    const { stdout } = await bed.run(["man"]);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.filter((line) => /^[.']/.test(line) && !REQUESTS.test(line))).toEqual([]);
    const headings = lines.filter((line) => line.startsWith(".SS "));
    for (const heading of ["apply <path...>", "get schedules", "pools set <pool>", "completion <shell>"])
      expect(headings).toContain(`.SS ${heading}`);
    expect(headings.some((heading) => /complete(?!ion)/.test(heading))).toBe(false);
    expect(lines).toContain("\\fB\\-\\-planned\\-runs <which>\\fR");
    expect(lines).toContain(".SH EXIT STATUS");
  });

  it("is a file of the package, which troff reads without a warning if there is one", async () => {
    const file = fileURLToPath(new URL("../dist/tidegate.1", import.meta.url));
    expect(readFileSync(file, "utf8")).toBe((await bed.run(["man"])).stdout);
    const hasGroff = (process.env.PATH ?? "").split(delimiter).some((one) => existsSync(join(one, "groff")));
    if (!hasGroff) return;
    const { stdout, stderr } = await promisify(execFile)("groff", [
      "-man",
      "-Tascii",
      "-ww",
      "-P-cbou",
      file,
    ]);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^COMMANDS$/m);
    expect(stdout).toMatch(/^ {3}backfill <group>$/m);
  });
});
