import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ClassArchive, recordTogether } from "./class-archive.js";
import { type FlinkBinary, findFlink } from "./flink-binary.js";
import {
  configurationText,
  type FlinkPlace,
  highAvailability,
  schedulerSettings,
  zooKeeperText,
} from "./flink-configuration.js";
import { type FlinkConnector, findConnector } from "./flink-connectors.js";
import { FlinkConsole } from "./flink-console.js";
import { findTestCatalog } from "./flink-test-catalog.js";
import { freePort } from "./free-port.js";
import { inTurn } from "./in-turn.js";
import { SHORT_LIVED } from "./short-lived.js";

/** Far longer than it takes, so that a slow machine does not fail. */
const START_LIMIT_MS = 180_000;

/** How long its processes may take to end in good order, ms. */
const STOP_LIMIT_MS = 10_000;

/** The processes of a session cluster. */
export type FlinkPart = "zookeeper" | "job-manager" | "task-manager" | "gateway";

const PARTS = ["job-manager", "task-manager", "gateway"] as const satisfies FlinkPart[];

/** Of each of its processes, MB: enough for a handful of jobs. */
const HEAP_MB = 384;

type FlinkArchives = Readonly<Record<(typeof PARTS)[number], ClassArchive>>;

type JavaOptions = Readonly<Record<(typeof PARTS)[number], readonly string[]>>;

/** The parts of a Flink of a test. */
interface FlinkMakings {
  readonly binary: FlinkBinary;
  readonly jars: readonly string[];
  readonly archives: FlinkArchives;
  readonly place: FlinkPlace;
}

/** What a Flink of a test has beside the usual. */
export interface FlinkExtras {
  /** Whether it knows catalogs of the type `test-filesystem`, which keep materialized tables. @default false */
  readonly hasTestCatalog?: boolean;
  /** Connectors beside those that Flink brings. @default [] */
  readonly connectors?: readonly FlinkConnector[];
  /**
   * The port on the loopback of a service that stands in for the gateway's own workflow scheduler. @default none: tables
   * with full refresh cannot be created
   */
  readonly workflowSchedulerPort?: number;
  /** Whether its JobManager keeps its jobs in a ZooKeeper, and goes on with them when it is back. @default false */
  readonly isHighlyAvailable?: boolean;
  /** Of each of its processes. @default 384 */
  readonly heapMb?: number;
}

/**
 * A real Flink of a test: JobManager, TaskManager and SQL Gateway on the loopback, with a folder of its own. The environment
 * variable TIDEGATE_FLINK may name its version.
 */
export class FlinkServer {
  readonly #binary: FlinkBinary;
  /** Jars that its processes load beside Flink's own. */
  readonly #jars: readonly string[];
  readonly #archives: FlinkArchives;
  readonly #place: FlinkPlace;
  readonly #parts: readonly FlinkPart[];
  readonly #heapMb: number;
  readonly #processes = new Map<FlinkPart, ChildProcess>();

  private constructor(
    { binary, jars, archives, place }: FlinkMakings,
    { isHighlyAvailable = false, heapMb = HEAP_MB }: FlinkExtras,
  ) {
    this.#binary = binary;
    this.#jars = jars;
    this.#archives = archives;
    this.#place = place;
    this.#parts = [...(isHighlyAvailable ? (["zookeeper"] as const) : []), ...PARTS];
    this.#heapMb = heapMb;
  }

  /**
   * Starts one, and resolves when its task manager has registered.
   *
   * @param settings - of its configuration, such as `{ "taskmanager.numberOfTaskSlots": "8" }`
   */
  static async start(
    settings: Readonly<Record<string, string>> = {},
    extras: FlinkExtras = {},
  ): Promise<FlinkServer> {
    const server = await FlinkServer.#make(settings, extras);
    try {
      await inTurn(async () => {
        await recordTogether(server.#archives, FlinkServer.#rehearse);
        await server.startAgain();
      });
    } catch (error) {
      await server.dispose();
      throw error;
    }
    return server;
  }

  static async #make(settings: Readonly<Record<string, string>>, extras: FlinkExtras): Promise<FlinkServer> {
    const { hasTestCatalog = false, connectors = [], workflowSchedulerPort, isHighlyAvailable } = extras;
    const jars = hasTestCatalog ? [await findTestCatalog()] : [];
    for (const connector of connectors) jars.push(...(await findConnector(connector)));
    const binary = await findFlink();
    const archives = await archivesOf(binary);
    const folder = mkdtempSync(join(tmpdir(), "tidegate-flink-"));
    const place = {
      restPort: await freePort(),
      rpcPort: await freePort(),
      gatewayPort: await freePort(),
      zooKeeperPort: await freePort(),
      folder,
    };
    for (const name of ["catalogs", "tmp", "uploads", "data", "zookeeper"]) mkdirSync(join(folder, name));
    writeFileSync(join(folder, "zoo.cfg"), zooKeeperText(place));
    writeFileSync(
      join(folder, "config.yaml"),
      configurationText(place, {
        ...schedulerSettings(workflowSchedulerPort),
        ...(isHighlyAvailable === true ? highAvailability(place) : {}),
        ...settings,
      }),
    );
    return new FlinkServer({ binary, jars, archives, place }, extras);
  }

  /** Starts one, has it run a job, and ends it in good order. @param options - of the Java of its parts */
  static async #rehearse(options: JavaOptions): Promise<void> {
    const server = await FlinkServer.#make({}, {});
    try {
      await server.#launch(options);
      const console = await FlinkConsole.open(server, { "execution.runtime-mode": "batch" });
      for (const statement of jobIn(server.dataFolder)) await console.type(statement);
      await Promise.all(PARTS.map((part) => server.#end(part, "SIGTERM", START_LIMIT_MS)));
    } finally {
      await server.dispose();
    }
  }

  /** Such as `2.3.0`. */
  get version(): string {
    return this.#binary.version;
  }

  /** The JobManager's REST, and its web pages. */
  get url(): string {
    return `http://127.0.0.1:${this.#place.restPort}`;
  }

  get gatewayUrl(): string {
    return `http://127.0.0.1:${this.#place.gatewayPort}`;
  }

  get restPort(): number {
    return this.#place.restPort;
  }

  get gatewayPort(): number {
    return this.#place.gatewayPort;
  }

  /** An empty folder for what its jobs read and write. */
  get dataFolder(): string {
    return join(this.#place.folder, "data");
  }

  /** A jar with Flink's own examples, such as `org.apache.flink.streaming.examples.wordcount.WordCount`. */
  get examplesJar(): string {
    return this.#binary.examples;
  }

  /** All jars that its processes load, to compile programs with. */
  get classPath(): string {
    return [this.#binary.classPath, ...this.#jars].join(":");
  }

  /** Starts what does not run, on the same ports, and resolves when all of it is ready for jobs. */
  startAgain(): Promise<void> {
    return this.#launch({
      "job-manager": this.#archives["job-manager"].options,
      "task-manager": this.#archives["task-manager"].options,
      gateway: this.#archives.gateway.options,
    });
  }

  async #launch(options: JavaOptions): Promise<void> {
    process.once("exit", this.#killAll);
    for (const part of this.#parts) {
      if (!this.#processes.has(part)) this.#processes.set(part, this.#spawn(part, options));
    }
    const giveUpAt = Date.now() + START_LIMIT_MS;
    // That a server is ready has no event.
    while (!(await this.#isReady())) {
      this.#requireAlive();
      if (Date.now() > giveUpAt) throw new Error(`Flink is not ready after ${START_LIMIT_MS} ms.`);
      await sleep(100);
    }
  }

  /** Kills the JobManager as a power cut does: without high availability, it forgets all jobs. */
  async killJobManager(): Promise<void> {
    await this.#end("job-manager", "SIGKILL", STOP_LIMIT_MS);
  }

  /** Kills the gateway as a power cut does: its sessions are gone, and what it has submitted runs on. */
  async killGateway(): Promise<void> {
    await this.#end("gateway", "SIGKILL", STOP_LIMIT_MS);
  }

  /** Ends all its processes, in good order. */
  async stop(): Promise<void> {
    process.off("exit", this.#killAll);
    await Promise.all([...this.#processes.keys()].map((part) => this.#end(part, "SIGTERM", STOP_LIMIT_MS)));
  }

  async dispose(): Promise<void> {
    this.#killAll();
    await this.stop();
    rmSync(this.#place.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** What one of its processes wrote, for a test to look at. */
  output(part: FlinkPart): string {
    return readFileSync(this.#outputFile(part), "utf8");
  }

  #outputFile(part: FlinkPart): string {
    return join(this.#place.folder, `${part}.out`);
  }

  #spawn(part: FlinkPart, classes: JavaOptions): ChildProcess {
    const { java, javaOptions, plugins } = this.#binary;
    const { folder } = this.#place;
    const output = openSync(this.#outputFile(part), "a");
    const archived = part === "zookeeper" ? [] : classes[part];
    const options = [...javaOptions, `-Xmx${this.#heapMb}m`, ...SHORT_LIVED, ...archived];
    const child = spawn(java, [...options, ...this.#program(part)], {
      cwd: folder,
      env: { ...process.env, FLINK_CONF_DIR: folder, FLINK_PLUGINS_DIR: plugins },
      stdio: ["ignore", output, output],
    });
    closeSync(output);
    return child;
  }

  #program(part: FlinkPart): string[] {
    const { classPath, gateway } = this.#binary;
    const { folder } = this.#place;
    // More jars come last: an archive of classes is of the class path up to there.
    const more = this.#jars.map((jar) => `:${jar}`).join("");
    const entryPoints = "org.apache.flink.runtime";
    switch (part) {
      case "zookeeper":
        return [
          // Flink brings one, for trying out.
          ...["-cp", classPath, `${entryPoints}.zookeeper.FlinkZooKeeperQuorumPeer`],
          ...["--zkConfigFile", join(folder, "zoo.cfg"), "--peerId", "1"],
        ];
      case "job-manager":
        return [
          ...["-cp", `${classPath}${more}`, `${entryPoints}.entrypoint.StandaloneSessionClusterEntrypoint`],
          ...["--configDir", folder, "--executionMode", "cluster"],
        ];
      case "task-manager":
        return [
          ...["-cp", `${classPath}${more}`, `${entryPoints}.taskexecutor.TaskManagerRunner`],
          ...["--configDir", folder],
        ];
      case "gateway":
        return ["-cp", `${classPath}:${gateway}${more}`, "org.apache.flink.table.gateway.SqlGateway"];
    }
  }

  #requireAlive(): void {
    for (const [part, child] of this.#processes) {
      if (child.exitCode === null && child.signalCode === null) continue;
      const end = child.exitCode ?? child.signalCode;
      throw new Error(`Flink's ${part} ended with ${end}:\n${this.output(part).slice(-2_000)}`);
    }
  }

  async #isReady(): Promise<boolean> {
    try {
      const overview = (await (await fetch(`${this.url}/overview`)).json()) as { taskmanagers?: number };
      return overview.taskmanagers === 1 && (await fetch(`${this.gatewayUrl}/info`)).ok;
    } catch {
      return false;
    }
  }

  async #end(part: FlinkPart, signal: NodeJS.Signals, limitMs: number): Promise<void> {
    const child = this.#processes.get(part);
    this.#processes.delete(part);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill(signal);
    await Promise.race([exit, sleep(limitMs, undefined, { ref: false })]);
    child.kill("SIGKILL");
    await exit;
  }

  readonly #killAll = (): void => {
    for (const child of this.#processes.values()) child.kill("SIGKILL");
  };
}

/** The statements of a job as most tests have it. A first job loads as many classes as a start. */
function jobIn(folder: string): readonly string[] {
  const table = (name: string): string =>
    `CREATE TEMPORARY TABLE ${name} (id INT, name STRING, made TIMESTAMP(3)) ` +
    `WITH ('connector' = 'filesystem', 'path' = '${folder}/${name}', 'format' = 'csv')`;
  return [
    table("source"),
    table("target"),
    "INSERT INTO source VALUES (1, 'a', TIMESTAMP '2026-01-01 00:00:00')",
    "INSERT OVERWRITE target SELECT id + 1, UPPER(name), made FROM source WHERE made < TIMESTAMP '2026-01-02 00:00:00'",
  ];
}

/** The archives of its parts: each has other classes, and the gateway another class path. */
async function archivesOf({ java, classPath, gateway, version }: FlinkBinary): Promise<FlinkArchives> {
  const archive = (part: string, path: string) => ClassArchive.of(`flink-${version}-${part}`, path, java);
  return {
    "job-manager": await archive("job-manager", classPath),
    "task-manager": await archive("task-manager", classPath),
    gateway: await archive("gateway", `${classPath}:${gateway}`),
  };
}
