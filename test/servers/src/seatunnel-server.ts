import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ClassArchive } from "./class-archive.js";
import { freePort } from "./free-port.js";
import { inTurn } from "./in-turn.js";
import { findSeaTunnel } from "./seatunnel-binary.js";
import { writeConfig } from "./seatunnel-config.js";
import { SHORT_LIVED } from "./short-lived.js";

/** Far longer than it takes, so that a slow machine does not fail. */
const START_LIMIT_MS = 120_000;

/** How long it may take to end in good order, ms. */
const STOP_LIMIT_MS = 20_000;

const MAIN = "org.apache.seatunnel.core.starter.seatunnel.SeaTunnelServer";

/** What Hazelcast and Hadoop reach into. */
const OPENED = [
  "java.base/java.lang",
  "java.base/java.nio",
  "java.base/sun.nio.ch",
  "java.management/sun.management",
  "jdk.management/com.sun.management.internal",
].map((name) => `--add-opens=${name}=ALL-UNNAMED`);

/** A real SeaTunnel Zeta of a test: one server on a free port of the loopback, with REST v1 and a directory of its own. */
export class SeaTunnelServer {
  readonly port: number;
  readonly #home: string;
  readonly #archive: ClassArchive;
  readonly #directory = mkdtempSync(join(tmpdir(), "tidegate-seatunnel-"));
  #process: ChildProcess | undefined;

  private constructor(home: string, archive: ClassArchive, port: number) {
    this.#home = home;
    this.#archive = archive;
    this.port = port;
  }

  static async start(): Promise<SeaTunnelServer> {
    const server = await SeaTunnelServer.#make();
    try {
      await inTurn(async () => {
        await server.#archive.record(SeaTunnelServer.#rehearse);
        await server.startAgain();
      });
    } catch (error) {
      await server.dispose();
      throw error;
    }
    return server;
  }

  static async #make(): Promise<SeaTunnelServer> {
    const home = await findSeaTunnel();
    return new SeaTunnelServer(home, await ClassArchive.of("seatunnel", classPathOf(home)), await freePort());
  }

  /** Starts one and ends it in good order. @param options - of its Java */
  static async #rehearse(options: readonly string[]): Promise<void> {
    const server = await SeaTunnelServer.#make();
    try {
      await server.#launch(options);
      server.#process?.kill("SIGTERM");
      await ended(server.#process);
    } finally {
      await server.dispose();
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** A directory that goes with it, for what jobs read and write. */
  get directory(): string {
    return this.#directory;
  }

  /** Starts it on the same port. Files are there again; what it knew of its jobs was in memory. */
  startAgain(): Promise<void> {
    return this.#launch(this.#archive.options);
  }

  async #launch(options: readonly string[]): Promise<void> {
    const { hazelcast, seatunnel, log4j } = writeConfig(this.#directory, this.port);
    const output = openSync(this.#outputFile, "a");
    const properties = [
      `-DSEATUNNEL_HOME=${this.#home}`,
      `-Dseatunnel.config=${seatunnel}`,
      `-Dhazelcast.config=${hazelcast}`,
      `-Dlog4j2.configurationFile=${log4j}`,
      "-Dlog4j2.isThreadContextMapInheritable=true",
      "-Duser.timezone=UTC",
    ];
    const modules = ["--add-modules=java.se", "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED"];
    const settings = ["-Xmx512m", ...SHORT_LIVED, ...options, ...modules, ...OPENED, ...properties];
    const args = [...settings, "-cp", classPathOf(this.#home), MAIN];
    const server = spawn("java", args, { cwd: this.#directory, stdio: ["ignore", output, output] });
    closeSync(output);
    this.#process = server;
    let failure: Error | undefined;
    server.once("error", (error) => {
      failure = error;
    });
    process.once("exit", this.#killAtOnce);
    const giveUpAt = Date.now() + START_LIMIT_MS;
    // That a server is ready has no event.
    while (!(await this.#isReady())) {
      if (failure !== undefined)
        throw new Error(`SeaTunnel needs Java 8 to 17 on the path: ${failure.message}`);
      this.#requireAlive();
      if (Date.now() > giveUpAt) throw new Error(`SeaTunnel is not ready after ${START_LIMIT_MS} ms.`);
      await sleep(50);
    }
  }

  /** Ends it in good order. */
  async stop(): Promise<void> {
    const server = this.#process;
    server?.kill("SIGTERM");
    await Promise.race([ended(server), sleep(STOP_LIMIT_MS, undefined, { ref: false })]);
    await this.kill();
  }

  /** Kills it as a power cut does. */
  async kill(): Promise<void> {
    const server = this.#process;
    this.#process = undefined;
    process.off("exit", this.#killAtOnce);
    server?.kill("SIGKILL");
    await ended(server);
  }

  /** Stops answering, as a machine that hangs. */
  freeze(): void {
    this.#process?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#process?.kill("SIGCONT");
  }

  async dispose(): Promise<void> {
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true, maxRetries: 5 });
  }

  /** All that it logged. */
  output(): string {
    return readFileSync(this.#outputFile, "utf8");
  }

  get #outputFile(): string {
    return join(this.#directory, "server.out");
  }

  async #isReady(): Promise<boolean> {
    try {
      const response = await fetch(`${this.url}/hazelcast/rest/maps/running-jobs`);
      return Array.isArray(await response.json());
    } catch {
      return false;
    }
  }

  #requireAlive(): void {
    const { exitCode, signalCode } = this.#process ?? {};
    if (this.#process !== undefined && exitCode == null && signalCode == null) return;
    throw new Error(`SeaTunnel ended with ${exitCode ?? signalCode}:\n${this.output().slice(-3_000)}`);
  }

  readonly #killAtOnce = (): void => {
    this.#process?.kill("SIGKILL");
  };
}

function classPathOf(home: string): string {
  return ["lib", "starter"].map((folder) => join(home, folder, "*")).join(":");
}

async function ended(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => child.once("exit", () => resolve()));
}
