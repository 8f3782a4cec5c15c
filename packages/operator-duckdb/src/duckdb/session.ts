import {
  BIGINT,
  type DuckDBConnection,
  type DuckDBDataChunk,
  type DuckDBExtractedStatements,
  DuckDBInstance,
  type DuckDBType,
  type DuckDBValue,
  listValue,
  StatementType,
} from "@duckdb/node-api";
import { type ClockTimer, SystemClock } from "@tidegate/core/clock";
import { messageOf } from "@tidegate/core/plugin";
import { type DescribedColumn, describedColumns, describing } from "./describe.js";

/** Values bound to a statement's `$name` parameters. */
export type Values = Readonly<Record<string, DuckDBValue>>;

/** Resource limits of a job's database. */
export interface SessionLimits {
  readonly threads?: number | undefined;
  readonly memoryLimit?: string | undefined;
  /** The folder to which data that does not fit into memory is spilled. */
  readonly spillDirectory?: string | undefined;
  /** The only directories whose files the job may access. */
  readonly allowedDirectories?: readonly string[] | undefined;
}

/** How often a running statement is interrupted, ms. */
const INTERRUPT_EVERY_MS = 50;

/** The machine's clock: DuckDB runs in real time. */
const MACHINE = new SystemClock();

/** Nothing is fetched from the network, and no code runs that was not shipped with DuckDB. */
const CLOSED = {
  autoinstall_known_extensions: "false",
  autoload_known_extensions: "false",
  allow_community_extensions: "false",
};

/**
 * An in-memory database for a single job, so that neither its tables nor a fatal error affect another job.
 * Its time zone is UTC and its settings are locked.
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

  /** @param signal - when aborted, interrupts whatever is running */
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

  /** Runs a query and returns its rows; 64-bit integers are returned as decimal strings. */
  async rows<Row>(sql: string, values: Values = {}): Promise<readonly Row[]> {
    const reader = await this.#interruptible(() =>
      this.#connection.runAndReadAll(sql, { ...values }, typesOf(values)),
    );
    return reader.getRowObjectsJson() as Row[];
  }

  /** Returns the columns of a query. */
  async describe(query: string, values: Values = {}): Promise<readonly DescribedColumn[]> {
    return describedColumns(await this.rows<DescribedColumn>(describing(query), values));
  }

  /** Appends rows to a temporary table as they arrive. */
  async append(table: string, chunks: AsyncIterable<DuckDBDataChunk>): Promise<void> {
    this.#signal.throwIfAborted();
    const appender = await this.#connection.createAppender(table, "main", "temp");
    try {
      for await (const chunk of chunks) {
        this.#signal.throwIfAborted();
        appender.appendDataChunk(chunk);
      }
    } finally {
      appender.closeSync();
    }
  }

  /** Returns the parameter names of a text that is exactly one SELECT, or `undefined` for any other text. */
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

  /**
   * Returns `undefined` for a text without statements, for which the binding throws an uninformative error.
   */
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
    let timer: ClockTimer | undefined;
    const interrupt = () => {
      this.#connection.interrupt();
      // DuckDB ignores an interrupt that arrives before it has begun the statement, so it is repeated until
      // the end.
      timer = MACHINE.wakeAfter(INTERRUPT_EVERY_MS, interrupt);
    };
    this.#signal.addEventListener("abort", interrupt, { once: true });
    try {
      return await statement();
    } finally {
      timer?.cancel();
      this.#signal.removeEventListener("abort", interrupt);
    }
  }
}

/**
 * JavaScript bigints are bound as BIGINT; by default they would be HUGEINT and slow down every comparison.
 */
function typesOf(values: Values): Record<string, DuckDBType> {
  const bigints = Object.entries(values).filter(([, value]) => typeof value === "bigint");
  return Object.fromEntries(bigints.map(([name]) => [name, BIGINT]));
}
