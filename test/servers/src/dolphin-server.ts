import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { ClassArchive } from "./class-archive.js";
import { type DolphinBinary, findDolphin } from "./dolphin-binary.js";
import { freePort } from "./free-port.js";
import { inTurn } from "./in-turn.js";
import { findPythonFolder } from "./python.js";
import { SHORT_LIVED } from "./short-lived.js";

const run = promisify(execFile);

/** Far longer than it takes, so that a slow machine does not fail. */
const START_LIMIT_MS = 180_000;

/** How long it may take to end in good order, ms. */
const STOP_LIMIT_MS = 20_000;

/** What Spring and the drivers reach into. */
const OPENED = ["java.lang", "java.util", "java.time"].map(
  (name) => `--add-opens=java.base/${name}=ALL-UNNAMED`,
);

const PORTS = ["API", "MASTER", "WORKER", "ALERT"] as const;

interface DolphinParts {
  readonly binary: DolphinBinary;
  readonly archive: ClassArchive;
  readonly ports: readonly number[];
  readonly pythonFolder: string;
}

/** Its own way to say that all went well. */
interface Answer<Data> {
  readonly code: number;
  readonly msg: string;
  readonly data: Data;
}

/**
 * A real DolphinScheduler of a test: API, master, worker, alert server and registry in one process on the loopback, its
 * database in a directory of its own.
 */
export class DolphinServer {
  readonly url: string;
  /** The tenant that tasks run as: the user of this process. */
  readonly tenantCode = userInfo().username;
  readonly #binary: DolphinBinary;
  readonly #archive: ClassArchive;
  readonly #ports: readonly number[];
  readonly #pythonFolder: string;
  readonly #home = mkdtempSync(join(tmpdir(), "tidegate-dolphin-"));
  /** How much of the output is of its former processes. */
  #saidBefore = 0;
  #process: ChildProcess | undefined;
  #token = "";

  private constructor({ binary, archive, ports, pythonFolder }: DolphinParts) {
    this.#binary = binary;
    this.#archive = archive;
    this.#ports = ports;
    this.#pythonFolder = pythonFolder;
    this.url = `http://127.0.0.1:${ports[0]}/dolphinscheduler`;
  }

  /** Starts one. @param secret - what is in the file of its worker that `secretFile` names; without it there is no file */
  static async start({ secret }: { readonly secret?: string } = {}): Promise<DolphinServer> {
    const server = await DolphinServer.#make();
    try {
      if (secret !== undefined) writeFileSync(server.secretFile, `${secret}\n`, { mode: 0o600 });
      await inTurn(async () => {
        await server.#archive.record(DolphinServer.#rehearse);
        await server.#launch("always");
      });
      await server.#settle();
    } catch (error) {
      await server.dispose();
      throw error;
    }
    return server;
  }

  static async #make(): Promise<DolphinServer> {
    const binary = await findDolphin();
    const ports: number[] = [];
    for (const _port of PORTS) ports.push(await freePort());
    const archive = await ClassArchive.of("dolphinscheduler", classPathOf(binary));
    return new DolphinServer({ binary, archive, ports, pythonFolder: await findPythonFolder() });
  }

  /** Starts one and ends it in good order. @param options - of its Java */
  static async #rehearse(options: readonly string[]): Promise<void> {
    const server = await DolphinServer.#make();
    try {
      await server.#launch("always", options);
      server.#process?.kill("SIGTERM");
      await server.#ended(server.#process);
    } finally {
      await server.dispose();
    }
  }

  /** The token of its user `admin`, good for years. */
  get token(): string {
    return this.#token;
  }

  /** Where the worker has the secret. */
  get secretFile(): string {
    return join(this.#home, "callback-secret");
  }

  /** Its directory: the database and what tasks leave behind. */
  get home(): string {
    return this.#home;
  }

  /** A further token of `admin`. @param expiresAt - epoch ms */
  async newToken(expiresAt: number): Promise<string> {
    const expireTime = new Date(expiresAt).toISOString().slice(0, 19).replace("T", " ");
    const { sessionId } = await this.#post<{ sessionId: string }>("/login", LOGIN);
    const form = { userId: "1", expireTime };
    const { token } = await this.#post<{ token: string }>("/access-tokens", form, { sessionId });
    return token;
  }

  /** Starts it on the same ports; what it kept on disk is there again. */
  startAgain(): Promise<void> {
    return this.#launch("never");
  }

  /** Ends it in good order. */
  async stop(): Promise<void> {
    const child = this.#process;
    child?.kill("SIGTERM");
    const ended = this.#ended(child);
    await Promise.race([ended, sleep(STOP_LIMIT_MS, undefined, { ref: false })]);
    await this.kill();
  }

  /** Kills it as a power cut does. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    process.off("exit", this.#killAtOnce);
    const ended = this.#ended(child);
    child?.kill("SIGKILL");
    await ended;
  }

  async dispose(): Promise<void> {
    await this.kill();
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 5 });
  }

  /** All that it logged, the output of tasks included. */
  output(): string {
    return readFileSync(this.#outputFile, "utf8");
  }

  /** All that is in its database, as SQL: for a test to look for what must not be there. It must not run. */
  async dump(): Promise<string> {
    const script = join(this.#home, "dump.sql");
    const url = `jdbc:h2:file:${join(this.#home, "database")};MODE=MySQL;DATABASE_TO_LOWER=true`;
    const tool = [
      "-cp",
      classPathOf(this.#binary),
      "org.h2.tools.Script",
      "-url",
      url,
      "-user",
      "sa",
      "-password",
      "",
    ];
    await run("java", [...tool, "-script", script], { timeout: START_LIMIT_MS });
    return readFileSync(script, "utf8");
  }

  get #outputFile(): string {
    return join(this.#home, "server.out");
  }

  /** @param options - of its Java, by default those that use the archive of its classes */
  async #launch(init: "always" | "never", options = this.#archive.options): Promise<void> {
    const output = openSync(this.#outputFile, "a");
    this.#saidBefore = this.output().length;
    const settings = {
      // Its tasks are hundreds of starts of Python.
      PATH: `${this.#pythonFolder}${delimiter}${process.env.PATH}`,
      TIDEGATE_DOLPHIN_HOME: this.#home,
      TIDEGATE_DOLPHIN_INIT: init,
      TIDEGATE_DOLPHIN_SCHEMA: this.#binary.schema,
      ...Object.fromEntries(
        PORTS.map((name, index) => [`TIDEGATE_DOLPHIN_${name}_PORT`, `${this.#ports[index]}`]),
      ),
    };
    const properties = [
      "-Duser.timezone=UTC",
      `-Ddata.basedir.path=${join(this.#home, "data")}`,
      "-Dsudo.enable=false",
    ];
    const main = ["-cp", classPathOf(this.#binary), "org.apache.dolphinscheduler.StandaloneServer"];
    const settled = ["-Xmx768m", ...SHORT_LIVED, ...options, ...OPENED, ...properties];
    this.#process = spawn("java", [...settled, ...main], {
      cwd: this.#home,
      env: { ...process.env, ...settings },
      stdio: ["ignore", output, output],
    });
    closeSync(output);
    process.once("exit", this.#killAtOnce);
    const giveUpAt = Date.now() + START_LIMIT_MS;
    // That a server is ready has no event.
    while (!(await this.#isReady())) {
      this.#requireAlive();
      if (Date.now() > giveUpAt) throw new Error(`DolphinScheduler is not ready after ${START_LIMIT_MS} ms.`);
      await sleep(200);
    }
  }

  /** What a new server has to be told before it runs a task. */
  async #settle(): Promise<void> {
    this.#token = await this.newToken(Date.UTC(2090, 0, 1));
    const headers = { token: this.#token };
    const tenant = { tenantCode: this.tenantCode, queueId: "1", description: "" };
    const { id } = await this.#post<{ id: number }>("/tenants", tenant, headers);
    const admin = { id: "1", ...LOGIN, tenantId: `${id}`, email: "admin@example.com", queue: "default" };
    await this.#post("/users/update", { ...admin, phone: "", state: "1" }, headers);
  }

  async #isReady(): Promise<boolean> {
    try {
      await this.#post("/login", LOGIN);
      return this.output().slice(this.#saidBefore).includes("Started StandaloneServer");
    } catch {
      return false;
    }
  }

  async #post<Data>(
    path: string,
    form: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Data> {
    const response = await fetch(this.url + path, {
      method: "POST",
      headers,
      body: new URLSearchParams(form),
    });
    const { code, msg, data } = (await response.json()) as Answer<Data>;
    if (code !== 0) throw new Error(`DolphinScheduler answered ${code} to POST ${path}: ${msg}`);
    return data;
  }

  #requireAlive(): void {
    const { exitCode, signalCode } = this.#process ?? {};
    if (exitCode == null && signalCode == null) return;
    throw new Error(`DolphinScheduler ended with ${exitCode ?? signalCode}:\n${this.output().slice(-3_000)}`);
  }

  #ended(child: ChildProcess | undefined): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => child.once("exit", () => resolve()));
  }

  readonly #killAtOnce = (): void => {
    this.#process?.kill("SIGKILL");
  };
}

function classPathOf({ settings, libraries }: DolphinBinary): string {
  return `${settings}:${join(libraries, "*")}`;
}

const LOGIN = { userName: "admin", userPassword: "dolphinscheduler123" };
