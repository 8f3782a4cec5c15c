import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { ClassArchive } from "./class-archive.js";
import { freePort } from "./free-port.js";
import { inTurn } from "./in-turn.js";
import { findKafka } from "./kafka-binary.js";
import { SHORT_LIVED } from "./short-lived.js";

const run = promisify(execFile);

/** Far longer than it takes, so that a slow machine does not fail. */
const START_LIMIT_MS = 120_000;

/** How long one of its tools may take, ms. */
const TOOL_LIMIT_MS = 180_000;

/** Sixteen bytes in Base64; a cluster of one needs no other id than the next one. */
const CLUSTER_ID = Buffer.from("tidegate-testing").toString("base64url");

/** What the broker logs once it takes requests. */
const STARTED = "Kafka Server started";

/** What a topic of a test is. */
export interface KafkaTopic {
  /** @default 1 */
  readonly partitions?: number;
  /** Of its configuration, such as `{ "cleanup.policy": "compact" }`. @default {} */
  readonly settings?: Readonly<Record<string, string>>;
}

/** What clients may sign in with. */
export interface KafkaLogin {
  readonly username: string;
  readonly password: string;
}

/** A real Kafka of a test: one node, both broker and controller, on free ports of the loopback, with a folder of its own. */
export class KafkaServer {
  readonly port: number;
  /** Where clients have to sign in, by SASL PLAIN. */
  readonly #saslPort: number;
  readonly #controllerPort: number;
  readonly #jars: string;
  readonly #archive: ClassArchive;
  readonly #folder = mkdtempSync(join(tmpdir(), "tidegate-kafka-"));
  #process: ChildProcess | undefined;

  private constructor(
    jars: string,
    archive: ClassArchive,
    [port, controllerPort, saslPort]: readonly [number, number, number],
  ) {
    this.#jars = jars;
    this.#archive = archive;
    this.port = port;
    this.#controllerPort = controllerPort;
    this.#saslPort = saslPort;
  }

  /**
   * Starts one; topics that are written to are made, with as many partitions as `num.partitions` says.
   *
   * @param settings - of its configuration, such as `{ "num.partitions": "3" }`
   * @param login - of clients at `saslServers`; the others need none
   */
  static async start(
    settings: Readonly<Record<string, string>> = {},
    login?: KafkaLogin,
  ): Promise<KafkaServer> {
    const server = await KafkaServer.#make();
    const sasl = login === undefined ? {} : server.#saslSettings(login);
    try {
      await inTurn(async () => {
        await server.#archive.record(KafkaServer.#rehearse);
        await server.#start({ ...sasl, ...settings });
      });
    } catch (error) {
      await server.dispose();
      throw error;
    }
    return server;
  }

  static async #make(): Promise<KafkaServer> {
    const jars = await findKafka();
    const ports = [await freePort(), await freePort(), await freePort()] as const;
    return new KafkaServer(jars, await ClassArchive.of("kafka", join(jars, "*")), ports);
  }

  /** Starts one and ends it in good order. @param options - of its Java */
  static async #rehearse(options: readonly string[]): Promise<void> {
    const server = await KafkaServer.#make();
    try {
      await server.#start({}, options);
      await server.#end("SIGTERM");
    } finally {
      await server.dispose();
    }
  }

  /** What clients take as their `bootstrap.servers`. */
  get bootstrapServers(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** The same for clients that sign in. */
  get saslServers(): string {
    return `127.0.0.1:${this.#saslPort}`;
  }

  async createTopic(name: string, { partitions = 1, settings = {} }: KafkaTopic = {}): Promise<void> {
    const configured = Object.entries(settings).flatMap(([key, value]) => ["--config", `${key}=${value}`]);
    const topic = ["--topic", name, "--partitions", String(partitions), ...configured];
    await this.#tool("org.apache.kafka.tools.TopicCommand", [
      ...["--bootstrap-server", this.bootstrapServers, "--create", ...topic],
    ]);
  }

  /** Kills it as a power cut does. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const server = this.#process;
    this.#process = undefined;
    process.off("exit", this.#killAtOnce);
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      server.once("exit", () => resolve());
      server.kill(signal);
    });
  }

  /** Kills it and takes its folder away. */
  async dispose(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** All that it has logged since its last start. */
  output(): string {
    return readFileSync(this.#outputFile, "utf8");
  }

  get #configuration(): string {
    return join(this.#folder, "server.properties");
  }

  get #outputFile(): string {
    return join(this.#folder, "server.out");
  }

  async #start(settings: Readonly<Record<string, string>>, options?: readonly string[]): Promise<void> {
    writeFileSync(this.#configuration, this.#configurationText(settings));
    await this.#tool("kafka.tools.StorageTool", ["format", "-t", CLUSTER_ID, "-c", this.#configuration]);
    await this.#launch(options);
  }

  /** Starts it on the same ports; what it kept on disk is there again. */
  startAgain(): Promise<void> {
    return this.#launch();
  }

  /** @param options - of its Java, instead of those that use the archive of classes */
  async #launch(options: readonly string[] = this.#archive.options): Promise<void> {
    // Emptied, so that what it says is of this start.
    const output = openSync(this.#outputFile, "w");
    const server = spawn("java", this.#arguments(options, "kafka.Kafka", [this.#configuration]), {
      cwd: this.#folder,
      stdio: ["ignore", output, output],
    });
    closeSync(output);
    this.#process = server;
    process.once("exit", this.#killAtOnce);
    const giveUpAt = Date.now() + START_LIMIT_MS;
    // It listens before it takes requests, and tells of that in its log alone.
    while (!this.output().includes(STARTED)) {
      if (server.exitCode !== null || server.signalCode !== null) {
        throw new Error(
          `Kafka ended with ${server.exitCode ?? server.signalCode}:\n${this.output().slice(-3_000)}`,
        );
      }
      if (Date.now() > giveUpAt) throw new Error(`Kafka is not ready after ${START_LIMIT_MS} ms.`);
      await sleep(50);
    }
  }

  #saslSettings({ username, password }: KafkaLogin): Record<string, string> {
    const module = "org.apache.kafka.common.security.plain.PlainLoginModule";
    return {
      listeners: `${this.#listeners},SASL_PLAINTEXT://${this.saslServers}`,
      // Kafka has it of itself only where no listener has a protocol other than PLAINTEXT.
      "listener.security.protocol.map":
        "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT",
      "listener.name.sasl_plaintext.sasl.enabled.mechanisms": "PLAIN",
      "listener.name.sasl_plaintext.plain.sasl.jaas.config": `${module} required user_${username}="${password}";`,
    };
  }

  get #listeners(): string {
    return `PLAINTEXT://127.0.0.1:${this.port},CONTROLLER://127.0.0.1:${this.#controllerPort}`;
  }

  #configurationText(settings: Readonly<Record<string, string>>): string {
    const all: Record<string, string | number> = {
      "process.roles": "broker,controller",
      "node.id": 1,
      listeners: this.#listeners,
      "controller.listener.names": "CONTROLLER",
      "controller.quorum.voters": `1@127.0.0.1:${this.#controllerPort}`,
      "log.dirs": join(this.#folder, "logs"),
      // There is no second broker to hold a copy.
      "offsets.topic.replication.factor": 1,
      "transaction.state.log.replication.factor": 1,
      "transaction.state.log.min.isr": 1,
      // Fifty by default, each with files of its own.
      "offsets.topic.num.partitions": 1,
      "transaction.state.log.num.partitions": 1,
      // Half a minute after its start it would drop the records that are older than a week, as those of tests are.
      "log.retention.ms": -1,
      ...settings,
    };
    return Object.entries(all)
      .map(([name, value]) => `${name}=${value}\n`)
      .join("");
  }

  async #tool(entryClass: string, args: readonly string[]): Promise<void> {
    try {
      await run("java", this.#arguments(this.#archive.options, entryClass, args), { timeout: TOOL_LIMIT_MS });
    } catch (error) {
      throw new Error(`Kafka needs Java 17 or newer on the path. ${(error as Error).message.slice(-3_000)}`);
    }
  }

  #arguments(options: readonly string[], entryClass: string, args: readonly string[]): string[] {
    return ["-Xmx256m", ...SHORT_LIVED, ...options, "-cp", join(this.#jars, "*"), entryClass, ...args];
  }

  readonly #killAtOnce = (): void => {
    this.#process?.kill("SIGKILL");
  };
}
