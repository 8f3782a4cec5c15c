import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { freePort } from "./free-port.js";
import { findRedis, type RedisBinary } from "./redis-binary.js";

/** Far longer than it takes, so that a slow machine does not fail. */
const START_LIMIT_MS = 120_000;

/** A real redis-server of a test: on a free port of the loopback, with a directory of its own. */
export class RedisServer {
  readonly port: number;
  readonly #binary: RedisBinary;
  readonly #settings: readonly string[];
  readonly #directory = mkdtempSync(join(tmpdir(), "tidegate-redis-"));
  #process: ChildProcess | undefined;

  private constructor(binary: RedisBinary, port: number, settings: readonly string[]) {
    this.#binary = binary;
    this.port = port;
    this.#settings = settings;
  }

  /** Starts one. Settings are as on its command line, such as `["--appendonly", "yes"]`. */
  static async start(settings: readonly string[] = []): Promise<RedisServer> {
    const server = new RedisServer(await findRedis(), await freePort(), settings);
    try {
      await server.startAgain();
    } catch (error) {
      await server.dispose();
      throw error;
    }
    return server;
  }

  /** What an engine takes as its connection. */
  get connection(): { host: string; port: number } {
    return { host: "127.0.0.1", port: this.port };
  }

  /** A client of its own for a test to look with. */
  client(options: { maxRetriesPerRequest?: null } = {}): Redis {
    return new Redis({ ...this.connection, retryStrategy: () => 50, ...options });
  }

  /** Its process, while it runs. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** How much memory it uses for data, bytes. */
  async usedMemory(): Promise<number> {
    const client = this.client();
    const info = await client.info("memory");
    client.disconnect();
    return Number(/used_memory_dataset:(\d+)/.exec(info)?.[1]);
  }

  /** Starts it on the same port; what it kept on disk is there again. */
  async startAgain(): Promise<void> {
    const { path, libraries } = this.#binary;
    const place = ["--port", `${this.port}`, "--bind", "127.0.0.1", "--dir", this.#directory];
    const snapshots = this.#settings.includes("--save") ? [] : ["--save", ""];
    this.#process = spawn(path, [...place, ...snapshots, ...this.#settings], {
      stdio: "ignore",
      env: { ...process.env, ...(libraries === undefined ? {} : { LD_LIBRARY_PATH: libraries }) },
    });
    const giveUpAt = Date.now() + START_LIMIT_MS;
    // That a server listens has no event.
    while (!(await this.#answers())) {
      if (Date.now() > giveUpAt) throw new Error(`redis-server has not answered for ${START_LIMIT_MS} ms.`);
      await sleep(20);
    }
  }

  /** Kills it as a power cut does. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Loses all that it kept on disk. It must not run. */
  loseDisk(): void {
    rmSync(this.#directory, { recursive: true });
    // Redis does not make its directory.
    mkdirSync(this.#directory);
  }

  /** Stops answering, as a machine that hangs. */
  freeze(): void {
    this.#process?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#process?.kill("SIGCONT");
  }

  async dispose(): Promise<void> {
    this.thaw();
    await this.#end("SIGKILL");
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const ended = this.#process;
    this.#process = undefined;
    if (ended === undefined || ended.exitCode !== null || ended.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      ended.once("exit", () => resolve());
      ended.kill(signal);
    });
  }

  async #answers(): Promise<boolean> {
    if (this.#process?.exitCode != null)
      throw new Error(`redis-server ended with ${this.#process.exitCode}.`);
    const client = new Redis({ ...this.connection, lazyConnect: true, retryStrategy: () => null });
    client.on("error", () => {});
    try {
      await client.connect();
      return (await client.ping()) === "PONG";
    } catch {
      return false;
    } finally {
      client.disconnect();
    }
  }
}
