import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { findAirflow } from "./airflow-binary.js";
import { freePort } from "./free-port.js";
import { inTurn } from "./in-turn.js";
import { PostgresServer } from "./postgres-server.js";

/** Far longer than it takes, so that a slow machine does not fail. */
const START_LIMIT_MS = 180_000;

/** How long its processes may take to end in good order, ms. */
const STOP_LIMIT_MS = 10_000;

/** Runs its processes, as forks of one that has loaded what all of them need. */
const PARTS_PROGRAM = fileURLToPath(new URL("../airflow/parts.py", import.meta.url));

type AirflowPart = "api-server" | "scheduler" | "dag-processor" | "triggerer";

/** What `GET /api/v2/monitor/health` calls them. */
const HEALTH = ["metadatabase", "scheduler", "dag_processor", "triggerer"] as const;

interface AirflowParts {
  readonly python: string;
  readonly port: number;
  readonly home: string;
  readonly postgres: PostgresServer;
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * A real Airflow of a test: all its processes on the loopback, with a home of its own, on a Postgres. On SQLite its
 * processes lock each other out for seconds.
 */
export class AirflowServer {
  readonly url: string;
  readonly username = "admin";
  readonly #python: string;
  readonly #home: string;
  readonly #postgres: PostgresServer;
  readonly #settings: Readonly<Record<string, string>>;
  /** The process that the others are forks of. */
  #process: ChildProcess | undefined;

  private constructor(parts: AirflowParts) {
    const { python, port, home, postgres, settings } = parts;
    this.#python = python;
    this.url = `http://127.0.0.1:${port}`;
    this.#home = home;
    this.#postgres = postgres;
    this.#settings = { ...settingsOf(this.url, home, postgres.url()), ...settings };
  }

  /**
   * Starts one.
   *
   * @param dagFiles - are copied into its DAGs folder
   * @param settings - environment variables, such as `{ AIRFLOW__API_AUTH__JWT_EXPIRATION_TIME: "5" }`
   */
  static async start(
    dagFiles: readonly string[] = [],
    settings: Readonly<Record<string, string>> = {},
  ): Promise<AirflowServer> {
    const python = await findAirflow();
    const home = mkdtempSync(join(tmpdir(), "tidegate-airflow-"));
    const postgres = await PostgresServer.start();
    const server = new AirflowServer({ python, port: await freePort(), home, postgres, settings });
    try {
      mkdirSync(server.dagsFolder);
      for (const file of dagFiles) copyFileSync(file, join(server.dagsFolder, basename(file)));
      await inTurn(() => server.#launch(["migrate"]));
    } catch (error) {
      await server.dispose();
      throw error;
    }
    return server;
  }

  /** Where it looks for DAG files, every few seconds. */
  get dagsFolder(): string {
    return join(this.#home, "dags");
  }

  /** Where the logs of tasks are. */
  get logsFolder(): string {
    return join(this.#home, "logs");
  }

  /** That of the user `admin`. */
  get password(): string {
    const file = join(this.#home, "simple_auth_manager_passwords.json.generated");
    return JSON.parse(readFileSync(file, "utf8")).admin;
  }

  /** Starts it where it does not run; what it kept on disk is there again. */
  startAgain(): Promise<void> {
    return this.#launch([]);
  }

  async #launch(steps: readonly string[]): Promise<void> {
    this.#process ??= this.#spawn(steps);
    process.once("exit", this.#killAll);
    const giveUpAt = Date.now() + START_LIMIT_MS;
    // That a server is healthy has no event.
    while (!(await this.#isHealthy())) {
      this.#requireAlive();
      if (Date.now() > giveUpAt) throw new Error(`Airflow is not healthy after ${START_LIMIT_MS} ms.`);
      await sleep(200);
    }
  }

  /** Ends all its processes, in good order. */
  async stop(): Promise<void> {
    process.off("exit", this.#killAll);
    const child = this.#process;
    if (child !== undefined && isRunning(child)) {
      const exit = new Promise<void>((resolve) => child.once("exit", () => resolve()));
      child.kill("SIGTERM");
      await Promise.race([exit, sleep(STOP_LIMIT_MS, undefined, { ref: false })]);
    }
    // Processes that have not ended by now are killed.
    this.#killAll();
    this.#process = undefined;
  }

  async dispose(): Promise<void> {
    this.#killAll();
    await this.stop();
    await this.#postgres.dispose();
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 5 });
  }

  /** The output of one of its processes, for a test to look at. */
  output(part: AirflowPart): string {
    return readFileSync(join(this.#home, `${part}.out`), "utf8");
  }

  /** All that is in its database, as text: for a test to look for what must not be there. */
  async dump(): Promise<string> {
    const tables = await this.#postgres.query<{ name: string }>(
      "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
    );
    const rows = tables.map(({ name }) =>
      this.#postgres.query(`SELECT to_jsonb(t)::text AS row FROM "${name}" t`),
    );
    return JSON.stringify(await Promise.all(rows));
  }

  get #outputFile(): string {
    return join(this.#home, "parts.out");
  }

  #spawn(steps: readonly string[]): ChildProcess {
    rmSync(this.#groupsFile, { force: true });
    const output = openSync(this.#outputFile, "a");
    const child = spawn(this.#python, [PARTS_PROGRAM, this.#home, ...steps], {
      cwd: this.#home,
      env: { ...process.env, ...this.#settings },
      stdio: ["ignore", output, output],
    });
    closeSync(output);
    return child;
  }

  #requireAlive(): void {
    const child = this.#process;
    if (child === undefined || isRunning(child)) return;
    const outputs = readdirSync(this.#home)
      .filter((name) => name.endsWith(".out"))
      .map((name) => `${name}:\n${readFileSync(join(this.#home, name), "utf8").slice(-2_000)}`);
    throw new Error(`Airflow ended with ${child.exitCode ?? child.signalCode}:\n${outputs.join("\n")}`);
  }

  async #isHealthy(): Promise<boolean> {
    try {
      const response = await fetch(`${this.url}/api/v2/monitor/health`);
      const health = (await response.json()) as Record<string, { status?: string | null } | undefined>;
      return HEALTH.every((part) => health[part]?.status === "healthy");
    } catch {
      return false;
    }
  }

  /** Where the ids of its process groups are. */
  get #groupsFile(): string {
    return join(this.#home, "parts.json");
  }

  readonly #killAll = (): void => {
    this.#process?.kill("SIGKILL");
    if (!existsSync(this.#groupsFile)) return;
    const groups: Record<AirflowPart, number> = JSON.parse(readFileSync(this.#groupsFile, "utf8"));
    rmSync(this.#groupsFile);
    Object.values(groups).forEach(killGroup);
  };
}

function settingsOf(url: string, home: string, database: string): Record<string, string> {
  return {
    AIRFLOW_HOME: home,
    AIRFLOW__CORE__DAGS_FOLDER: join(home, "dags"),
    AIRFLOW__CORE__EXECUTOR: "LocalExecutor",
    AIRFLOW__CORE__PARALLELISM: "4",
    AIRFLOW__CORE__LOAD_EXAMPLES: "False",
    // Half a minute by default, which a busy machine may take.
    AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT: "300",
    AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT: "360",
    // Otherwise a DAG that changes twice in half a minute is seen the second time at its next parse.
    AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL: "0",
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS: "admin:admin",
    // The key of secrets in the database: a first start writes one to a file, which its own process does not read.
    AIRFLOW__CORE__FERNET_KEY: randomBytes(32).toString("base64").replaceAll("+", "-").replaceAll("/", "_"),
    AIRFLOW__CORE__EXECUTION_API_SERVER_URL: `${url}/execution/`,
    AIRFLOW__API__HOST: "127.0.0.1",
    AIRFLOW__API__PORT: new URL(url).port,
    AIRFLOW__API__BASE_URL: url,
    AIRFLOW__API__WORKERS: "1",
    AIRFLOW__API__SECRET_KEY: randomBytes(16).toString("hex"),
    AIRFLOW__API_AUTH__JWT_SECRET: randomBytes(32).toString("hex"),
    // Airflow 3.0 gives its tokens none by default, which newer versions of its libraries refuse.
    AIRFLOW__API_AUTH__JWT_ISSUER: "tidegate",
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN: database.replace("postgres:", "postgresql+psycopg2:"),
    AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS: "False",
    // A question to the database before each use of a connection, which asks it half as often again.
    AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_PRE_PING: "False",
    AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL: "2",
    AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL: "30",
    AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC: "1",
    // Half of the finest period: each look at the database costs some 20 ms.
    AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME: "0.5",
    // A line for each request and each step, which costs more to write than anybody reads it.
    AIRFLOW__LOGGING__LOGGING_LEVEL: "WARNING",
    // Ports that several servers on one machine would fight for.
    AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT: "0",
    AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT: "0",
    NO_PROXY: "127.0.0.1,localhost",
    no_proxy: "127.0.0.1,localhost",
  };
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

/** Ends a process and those below it. */
function killGroup(id: number): void {
  try {
    process.kill(-id, "SIGKILL");
  } catch {
    // Nobody of the group is left.
  }
}
