import { type ChildProcess, execFile, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BIN = fileURLToPath(new URL("../dist/bin.js", import.meta.url));

const MAIN = new URL("../dist/main.js", import.meta.url).href;

/** A program that runs the command for each call that it is sent, one after the other, and sends the outcomes back. */
const RUN_EACH = `
  const { main } = await import(process.argv[1]);
  const { Readable } = await import("node:stream");
  process.on("message", async ({ args, input, env }) => {
    const outcome = { code: 0, stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"])
      process[name].write = (text) => { outcome[name] += text; return true; };
    Object.defineProperty(process, "stdin", { value: Readable.from([Buffer.from(input)]), configurable: true });
    process.env = env;
    outcome.code = await main(args);
    process.send(outcome);
  });
`;

/** The exit code and the output of a command. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Settings of one call. */
export interface CallOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Call {
  readonly args: readonly string[];
  readonly input: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Settings of a bed. */
export interface BedOptions {
  /**
   * Run all commands in one process, which loads the program once. Commands have no file for standard input then.
   *
   * @default false
   */
  readonly inOneProcess?: boolean;
}

/** A folder in which commands run, with a home of its own. */
export class Bed {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), "tidegate-cli-")));
  url: string | undefined;
  readonly #inOneProcess: boolean;
  #server: ChildProcess | undefined;
  #runner: ChildProcess | undefined;
  /** The call before, which the runner has to have answered. */
  #before: Promise<unknown> = Promise.resolve();

  constructor({ inOneProcess = false }: BedOptions = {}) {
    this.#inOneProcess = inOneProcess;
  }

  /** Starts `tidegate serve` in the folder, and resolves when it has printed its address. */
  async serve(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<string> {
    const server = this.#spawn(["serve", "--port", "0", ...args], env);
    this.#server = server;
    let printed = "";
    let complaints = "";
    server.stderr!.on("data", (chunk) => {
      complaints += chunk;
    });
    for await (const chunk of server.stdout!) {
      printed += chunk;
      this.url = /at (http:\S+),/.exec(printed)?.[1];
      if (this.url !== undefined) return printed;
    }
    throw new Error(`It did not start: ${printed}${complaints}`);
  }

  /** Stops the manager by a signal, and returns its exit code. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const server = this.#server;
    if (server === undefined) return null;
    this.#server = undefined;
    this.url = undefined;
    const ended = once(server, "exit");
    server.kill(signal);
    const [code] = (await ended) as [number | null];
    return code;
  }

  /** Runs the command to its end. */
  run(args: readonly string[], { input = "", env = {} }: CallOptions = {}): Promise<Outcome> {
    const call = { args, input, env: { ...this.env, ...env } };
    if (!this.#inOneProcess) return this.#runAlone(call);
    const outcome = this.#before.then(() => this.#runNext(call));
    this.#before = outcome;
    return outcome;
  }

  /** Runs the command to its end for each of these arguments, one after the other. */
  async runAll(calls: readonly (readonly string[])[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const args of calls) outcomes.push(await this.run(args));
    return outcomes;
  }

  /** Runs the command at a terminal, which `script` makes. What it prints and what it complains of are one text. */
  terminal(args: readonly string[], { input = "", env = {} }: CallOptions = {}): Promise<Outcome> {
    const line = [process.execPath, BIN, ...args].map((word) => `'${word}'`).join(" ");
    return new Promise((resolve) => {
      const child = execFile(
        "script",
        ["-qec", line, "/dev/null"],
        { cwd: this.folder, env: { ...this.env, ...env } },
        (_, stdout, stderr) =>
          resolve({ code: child.exitCode, stdout: stdout.replaceAll("\r\n", "\n"), stderr }),
      );
      child.stdin!.end(input);
    });
  }

  /** The command's file. */
  readonly bin = BIN;

  write(name: string, text: string | Uint8Array): string {
    writeFileSync(join(this.folder, name), text);
    return name;
  }

  get env(): Record<string, string> {
    return {
      PATH: process.env.PATH ?? "",
      HOME: this.folder,
      NO_COLOR: "1",
      ...(this.url === undefined ? {} : { TIDEGATE_URL: this.url }),
    };
  }

  async close(): Promise<void> {
    await this.stop();
    this.#runner?.kill();
    rmSync(this.folder, { recursive: true });
  }

  #runAlone({ args, input, env }: Call): Promise<Outcome> {
    return new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        [BIN, ...args],
        { cwd: this.folder, env, maxBuffer: 64 * 1_048_576 },
        (_, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
      );
      child.stdin!.on("error", () => {});
      child.stdin!.end(input);
    });
  }

  #runNext(call: Call): Promise<Outcome> {
    const options = {
      cwd: this.folder,
      env: this.env,
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    } satisfies SpawnOptions;
    this.#runner ??= spawn(process.execPath, ["--input-type=module", "-e", RUN_EACH, MAIN], options);
    const runner = this.#runner;
    return new Promise((resolve, reject) => {
      const refuse = (code: number | null): void =>
        reject(new Error(`The process of all commands ended with ${code} at ${call.args.join(" ")}.`));
      runner.once("exit", refuse);
      runner.once("message", (outcome: Outcome) => {
        runner.off("exit", refuse);
        resolve(outcome);
      });
      runner.send(call);
    });
  }

  #spawn(args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
    const options = { cwd: this.folder, env: { ...this.env, ...env }, stdio: "pipe" } as const;
    return spawn(process.execPath, [BIN, ...args], options);
  }
}

/** A schedule of four hours in the past, as a person writes it. */
export function hours(groupId: string, more = ""): string {
  return `groupId: ${groupId}
trigger: { type: period, every: 1, unit: hour }
startTime: 2026-01-01T00:00:00Z
endTime: 2026-01-01T04:00:00Z
maxAttempts: 1
job:
  sql: SELECT 1 AS one WHERE $lower < $upper
  target: { path: out/${groupId} }
${more}`;
}

/** The whole of it. */
export const RANGE = ["--from", "2026-01-01T00:00:00Z", "--to", "2026-01-01T04:00:00Z"];
