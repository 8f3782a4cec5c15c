import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, copyFileSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { findAirflow } from "./airflow-binary.js";
import { freePort } from "./free-port.js";
import { inTurn } from "./in-turn.js";
import { PostgresServer } from "./postgres-server.js";

const run = promisify(execFile);

/** Far longer than it takes, so that a slow machine does not fail. */
const START_LIMIT_MS = 180_000;

/** How long its processes may take to end in good order, ms. */
const STOP_LIMIT_MS = 10_000;

const COMPONENTS = ["api-server", "scheduler", "dag-processor", "triggerer"] as const;

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
  readonly #processes = new Map<string, ChildProcess>();

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
      await inTurn(async () => {
        await run(python, ["-m", "airflow", "db", "migrate"], { env: server.#env, timeout: START_LIMIT_MS });
        await server.startAgain();
      });
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

  /** Starts all that does not run; what it kept on disk is there again. */
  async startAgain(): Promise<void> {
    for (const component of COMPONENTS) {
      if (!this.#processes.has(component)) this.#processes.set(component, this.#spawn(component));
    }
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
    await Promise.all([...this.#processes.values()].map(ended));
    this.#processes.clear();
  }

  async dispose(): Promise<void> {
    this.#killAll();
    await this.stop();
    await this.#postgres.dispose();
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 5 });
  }

  /** What one of its processes wrote, for a test to look at. */
  output(component: (typeof COMPONENTS)[number]): string {
    return readFileSync(this.#outputFile(component), "utf8");
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

  get #env(): NodeJS.ProcessEnv {
    return { ...process.env, ...this.#settings };
  }

  #outputFile(component: string): string {
    return join(this.#home, `${component}.out`);
  }

  #spawn(component: string): ChildProcess {
    const output = openSync(this.#outputFile(component), "a");
    const child = spawn(this.#python, ["-m", "airflow", component], {
      cwd: this.#home,
      env: this.#env,
      stdio: ["ignore", output, output],
      // A group of its own: it has children, which are to end with it.
      detached: true,
    });
    closeSync(output);
    return child;
  }

  #requireAlive(): void {
    for (const [component, child] of this.#processes) {
      if (child.exitCode === null && child.signalCode === null) continue;
      const tail = readFileSync(this.#outputFile(component), "utf8").slice(-2_000);
      throw new Error(`airflow ${component} ended with ${child.exitCode ?? child.signalCode}:\n${tail}`);
    }
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

  readonly #killAll = (): void => {
    for (const child of this.#processes.values()) signal(child, "SIGKILL");
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
    AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL: "2",
    AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL: "30",
    AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC: "1",
    // Half of the finest period: each look at the database costs some 20 ms.
    AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME: "0.5",
    // Ports that several servers on one machine would fight for.
    AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT: "0",
    AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT: "0",
    NO_PROXY: "127.0.0.1,localhost",
    no_proxy: "127.0.0.1,localhost",
  };
}

/** Ends a process and its children: in good order, else by force. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exit = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    signal(child, "SIGTERM");
    await Promise.race([exit, sleep(STOP_LIMIT_MS, undefined, { ref: false })]);
  }
  signal(child, "SIGKILL");
}

function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch {
    // Nobody of the group is left.
  }
}
