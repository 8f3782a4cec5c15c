import { hash } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { Boundaries, JsonObject, ReadMode } from "@tidegate/core";
import { MAIN_PARTITION, offsetText } from "@tidegate/core/offset";
import {
  BEGINNING,
  type JobContext,
  type JobOutcome,
  type OfflineJobRequest,
  timeBoundaries,
} from "@tidegate/core/operator";
import type { DefinedOperator } from "@tidegate/operator-kit";
import { untroubled } from "@tidegate/testkit";
import { createDuckdbOperator, type DuckdbOperatorOptions } from "../src/index.js";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** A row as DuckDB shows it in JSON: 64-bit integers and timestamps are strings. */
export type Row = Readonly<Record<string, unknown>>;

/** What a test says of a run; the rest follows from it. */
export interface RunSpec {
  readonly job: JsonObject;
  readonly lower: number;
  readonly upper: number;
  readonly attempt?: number;
  readonly generation?: number;
  readonly mode?: ReadMode;
  /** What it reads, `[from, to)`, if its boundaries are positions. */
  readonly positions?: readonly [from: string, to: string];
}

/** The request that core would make of a run. */
export function requestOf(spec: RunSpec): OfflineJobRequest {
  const { job, lower, upper, positions, attempt = 1, generation = 0, mode = "incremental" } = spec;
  const runId = hash("sha256", `${lower}\n${upper}\n${generation}`, "hex").slice(0, 32);
  return {
    groupId: "flights",
    ...(positions === undefined
      ? timeBoundaries({ lower, upper })
      : { ...positionBoundaries(positions, mode), interval: { lower, upper }, sourceIncarnation: "first" }),
    runId,
    idempotencyKey: runId,
    attempt,
    scheduledTime: upper,
    kind: "SCHEDULED",
    mode,
    job,
  };
}

function positionBoundaries([from, to]: readonly [string, string], mode: ReadMode): Boundaries {
  return {
    boundaryType: "OFFSET",
    lowerBound: mode === "full" ? BEGINNING : offsetText({ [MAIN_PARTITION]: from }),
    upperBound: offsetText({ [MAIN_PARTITION]: to }),
  };
}

/** An operator and a temporary directory with sources and a target. */
export class Bed {
  readonly directory = realpathSync(mkdtempSync(join(tmpdir(), "tidegate-duckdb-")));
  readonly target = join(this.directory, "target");
  operator: DefinedOperator;
  readonly #options: DuckdbOperatorOptions;

  constructor(options: DuckdbOperatorOptions = {}) {
    this.#options = { threads: 1, memoryLimit: "256MB", ...options };
    this.operator = createDuckdbOperator(this.#options);
  }

  /** Writes a file below the directory and tells its path. */
  write(name: string, content: string | Uint8Array): string {
    const path = join(this.directory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  /** An operator that knows nothing of what the one before it did. */
  restart(): DefinedOperator {
    this.operator = createDuckdbOperator(this.#options);
    return this.operator;
  }

  async run(spec: RunSpec, context: Partial<JobContext> = {}): Promise<JobOutcome> {
    const request = requestOf(spec);
    const whole = { ...untroubled(), ...context };
    const { jobId } = await this.operator.submit(request, whole);
    return this.operator.wait(jobId, request, whole);
  }

  /** What a reader of the target sees, or `[]` while there is no partition. */
  async rows(columns = "* EXCLUDE (interval)"): Promise<readonly Row[]> {
    if (this.partitions().length === 0) return [];
    return query(
      `SELECT ${columns} FROM read_parquet($files, hive_partitioning = true, union_by_name = true) ORDER BY ALL`,
      { files: `${this.target}/**/*.parquet` },
    );
  }

  /** The names of the partitions that hold a file. */
  partitions(): readonly string[] {
    return filesBelow(this.target)
      .filter((file) => file.endsWith(".parquet"))
      .map(dirname);
  }

  /** All files of the target, relative to it. */
  files(): readonly string[] {
    return filesBelow(this.target);
  }

  /** The bad rows of a file below `.rejected`. */
  rejected(name: string): readonly Row[] {
    const text = readFileSync(join(this.target, ".rejected", name), "utf8");
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Row);
  }

  async dispose(): Promise<void> {
    await this.operator.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

const database = DuckDBInstance.create(":memory:", { threads: "1" });

/** Asks a database of the test's own. */
export async function query(sql: string, values: Record<string, string> = {}): Promise<readonly Row[]> {
  const connection = await (await database).connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    return (await connection.runAndReadAll(sql, values)).getRowObjectsJson() as Row[];
  } finally {
    connection.closeSync();
  }
}

/** The intervals of a length that tile a range. */
export function tiles(lower: number, upper: number, length: number): { lower: number; upper: number }[] {
  return Array.from({ length: Math.ceil((upper - lower) / length) }, (_, index) => ({
    lower: lower + index * length,
    upper: Math.min(upper, lower + (index + 1) * length),
  }));
}

function filesBelow(directory: string): readonly string[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
