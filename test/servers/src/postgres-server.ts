import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { freePort } from "./free-port.js";
import { findPostgres } from "./postgres-binary.js";
import { copyCluster, findCluster, identity } from "./postgres-cluster.js";

/** Far longer than it takes, so that a slow machine does not fail. */
const START_LIMIT_MS = 120_000;

/** A real Postgres of a test: on a free port of the loopback, with a directory of its own. */
export class PostgresServer {
  readonly port: number;
  readonly #programs: string;
  readonly #settings: readonly string[];
  readonly #directory: string;
  #process: ChildProcess | undefined;
  #frozen: number[] = [];
  #databases = 0;

  private constructor(programs: string, port: number, directory: string, settings: readonly string[]) {
    this.#programs = programs;
    this.port = port;
    this.#directory = directory;
    this.#settings = settings;
  }

  /** Starts one. Settings are as in its configuration file, such as `["fsync=off"]`. */
  static async start(settings: readonly string[] = ["fsync=off"]): Promise<PostgresServer> {
    const programs = await findPostgres();
    const directory = mkdtempSync(join(tmpdir(), "tidegate-postgres-"));
    const server = new PostgresServer(programs, await freePort(), directory, settings);
    try {
      await copyCluster(await findCluster(programs), directory);
      await server.startAgain();
    } catch (error) {
      await server.dispose();
      throw error;
    }
    return server;
  }

  /** The address of a database, as `pg` takes it. */
  url(database = "postgres"): string {
    return `postgres://tidegate@127.0.0.1:${this.port}/${database}`;
  }

  /** Makes an empty database and returns its address. */
  async createDatabase(): Promise<string> {
    this.#databases += 1;
    const name = `test_${process.pid}_${this.#databases}`;
    await this.query(`CREATE DATABASE ${name}`);
    return this.url(name);
  }

  /** One statement, for a test to look with. */
  async query<Row = Record<string, unknown>>(text: string, url = this.url()): Promise<Row[]> {
    const client = new Client({ connectionString: url });
    client.on("error", () => {});
    await client.connect();
    try {
      return (await client.query(text)).rows as Row[];
    } finally {
      await client.end();
    }
  }

  /** Starts it on the same port; what it kept on disk is there again. */
  async startAgain(): Promise<void> {
    process.once("exit", this.#endWithTests);
    this.#launch();
    const giveUpAt = Date.now() + START_LIMIT_MS;
    // That a server listens has no event.
    while (!(await this.#answers())) {
      const ended = this.#process?.exitCode;
      if (Date.now() > giveUpAt) {
        const what = ended == null ? "has not answered" : `has ended with ${ended} again and again`;
        throw new Error(`Postgres ${what} for ${START_LIMIT_MS} ms.`);
      }
      await sleep(ended == null ? 30 : 300);
      // After a kill it does not start as long as one of its former processes, which have yet to die, holds its memory.
      if (ended != null) this.#launch();
    }
  }

  #launch(): void {
    const place = [
      "listen_addresses=127.0.0.1",
      `port=${this.port}`,
      `unix_socket_directories=${this.#directory}`,
    ];
    const settings = [...place, "max_connections=200", ...this.#settings].flatMap((setting) => [
      "-c",
      setting,
    ]);
    this.#process = spawn(join(this.#programs, "postgres"), ["-D", this.#directory, ...settings], {
      cwd: this.#directory,
      stdio: "ignore",
      // Not in the group of the tests, whose signals are not for it.
      detached: true,
      ...identity,
    });
  }

  /** Ends it in good order: open transactions are rolled back, connections cut. */
  stop(): Promise<void> {
    return this.#end((server) => server.kill("SIGINT"));
  }

  /** Kills it, with all its processes, as a power cut does. */
  async kill(): Promise<void> {
    const pids = await this.pids();
    await this.#end((server) => {
      server.kill("SIGKILL");
      signalAll(pids, "SIGKILL");
    });
  }

  /** Stops answering, as a machine that hangs, until `thaw`. */
  async freeze(): Promise<void> {
    this.#frozen = await this.pids();
    signalAll(this.#frozen, "SIGSTOP");
  }

  thaw(): void {
    signalAll(this.#frozen.splice(0), "SIGCONT");
  }

  async dispose(): Promise<void> {
    this.thaw();
    await this.#end((server) => server.kill("SIGQUIT"));
    rmSync(this.#directory, { recursive: true, force: true });
  }

  readonly #endWithTests = (): void => {
    this.#process?.kill("SIGQUIT");
  };

  /** Its processes: one that starts the others, and one for each connection and each task in the background. */
  async pids(): Promise<number[]> {
    const { pid } = this.#process ?? {};
    const rows = await this.query<{ pid: number }>(
      "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()",
    );
    return [...(pid === undefined ? [] : [pid]), ...rows.map((row) => row.pid)];
  }

  async #end(signal: (server: ChildProcess) => void): Promise<void> {
    const server = this.#process;
    process.off("exit", this.#endWithTests);
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      server.once("exit", () => resolve());
      signal(server);
    });
    this.#process = undefined;
  }

  async #answers(): Promise<boolean> {
    try {
      await this.query("SELECT 1");
      return true;
    } catch {
      return false;
    }
  }
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended by itself.
    }
  }
}
