import {
  BIGINT,
  type DuckDBConnection,
  type DuckDBExtractedStatements,
  DuckDBInstance,
  type DuckDBType,
  type DuckDBValue,
  listValue,
  StatementType,
} from "@duckdb/node-api";
import { messageOf } from "@tidegate/core";

/** Values that are bound to a statement's `$name` parameters. */
export type Values = Readonly<Record<string, DuckDBValue>>;

/** What a job's database may use. */
export interface SessionLimits {
  readonly threads?: number | undefined;
  readonly memoryLimit?: string | undefined;
  /** Where it puts what does not fit into memory. */
  readonly spillDirectory?: string | undefined;
  /** The only directories whose files it may touch. */
  readonly allowedDirectories?: readonly string[] | undefined;
}

/** How often a running statement is asked to stop, ms. */
const INTERRUPT_EVERY_MS = 50;

/** Nothing is fetched from the network, and nothing runs that was not shipped with DuckDB. */
const CLOSED = {
  autoinstall_known_extensions: "false",
  autoload_known_extensions: "false",
  allow_community_extensions: "false",
};

/**
 * A database in memory of one job's own, so that neither its tables nor a fatal error reach another job. Its time zone
 * is UTC and its settings are locked.
 */
export class Session {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #signal: AbortSignal;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection, signal: AbortSignal) {
    this.#instance = instance;
    this.#connection = connection;
    this.#signal = signal;
  }

  /** @param signal - interrupts whatever runs when it is aborted */
  static async open(limits: SessionLimits, signal: AbortSignal): Promise<Session> {
    signal.throwIfAborted();
    const instance = await DuckDBInstance.create(":memory:", CLOSED);
    const session = new Session(instance, await instance.connect(), signal);
    try {
      await session.#configure(limits);
      return session;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  /** Runs a statement for its effect. */
  async run(sql: string, values: Values = {}): Promise<void> {
    await this.#interruptible(() => this.#connection.run(sql, { ...values }, typesOf(values)));
  }

  /** Runs a query; 64-bit integers come as decimal strings. */
  async rows<Row>(sql: string, values: Values = {}): Promise<readonly Row[]> {
    const reader = await this.#interruptible(() =>
      this.#connection.runAndReadAll(sql, { ...values }, typesOf(values)),
    );
    return reader.getRowObjectsJson() as Row[];
  }

  /** The names of the parameters of a text that is exactly one SELECT, or `undefined` for any other text. */
  async parametersOfSelect(sql: string): Promise<readonly string[] | undefined> {
    const statements = await this.#statementsOf(sql);
    if (statements?.count !== 1) return undefined;
    const prepared = await statements.prepare(0);
    try {
      if (prepared.statementType !== StatementType.SELECT) return undefined;
      return Array.from({ length: prepared.parameterCount }, (_, index) => prepared.parameterName(index + 1));
    } finally {
      prepared.destroySync();
    }
  }

  /** `undefined` for a text without any, at which the binding throws an error that says nothing. */
  async #statementsOf(sql: string): Promise<DuckDBExtractedStatements | undefined> {
    try {
      return await this.#connection.extractStatements(sql);
    } catch (error) {
      if (messageOf(error).includes("Failed to extract statements")) throw error;
      return undefined;
    }
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }

  async #configure(limits: SessionLimits): Promise<void> {
    const { threads, memoryLimit, spillDirectory, allowedDirectories } = limits;
    await this.run("SET TimeZone = 'UTC'");
    if (threads !== undefined) await this.run("SET threads = $threads", { threads });
    if (memoryLimit !== undefined) await this.run("SET memory_limit = $memoryLimit", { memoryLimit });
    if (spillDirectory !== undefined)
      await this.run("SET temp_directory = $spillDirectory", { spillDirectory });
    if (allowedDirectories !== undefined) {
      await this.run("SET allowed_directories = $directories", {
        directories: listValue([...allowedDirectories]),
      });
      await this.run("SET enable_external_access = false");
    }
    await this.run("SET lock_configuration = true");
  }

  async #interruptible<T>(statement: () => Promise<T>): Promise<T> {
    this.#signal.throwIfAborted();
    let timer: NodeJS.Timeout | undefined;
    const interrupt = () => {
      this.#connection.interrupt();
      // An interrupt that arrives before DuckDB has begun the statement is forgotten, so it is repeated until the end.
      timer = setTimeout(interrupt, INTERRUPT_EVERY_MS);
    };
    this.#signal.addEventListener("abort", interrupt, { once: true });
    try {
      return await statement();
    } finally {
      clearTimeout(timer);
      this.#signal.removeEventListener("abort", interrupt);
    }
  }
}

/** JavaScript's bigints are bound as BIGINT; left alone they would be HUGEINT and slow down every comparison. */
function typesOf(values: Values): Record<string, DuckDBType> {
  const bigints = Object.entries(values).filter(([, value]) => typeof value === "bigint");
  return Object.fromEntries(bigints.map(([name]) => [name, BIGINT]));
}
