import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { JsonObject } from "@tidegate/core";
import { MIDNIGHT } from "./requests.js";

const MINUTES = 24 * 60;

const COLUMNS = { time: "TIMESTAMP(3)", minute: "INT" };

/** One reading for every minute of a day in a CSV file, and a folder that it is copied to. */
export class Readings {
  readonly source: string;
  readonly target: string;
  readonly #folder: string;

  /** @param dataFolder - that of a Flink */
  constructor(dataFolder: string) {
    this.#folder = mkdtempSync(join(dataFolder, "readings-"));
    this.source = join(this.#folder, "source");
    this.target = join(this.#folder, "target");
    mkdirSync(this.source);
    const lines = Array.from({ length: MINUTES }, (_, minute) => `${timeOf(minute)},${minute}\n`);
    writeFileSync(join(this.source, "readings.csv"), lines.join(""));
  }

  /** Copies an interval. */
  copy(): JsonObject {
    const table = (folder: string) => ({
      connector: "filesystem",
      options: { path: pathToFileURL(folder).href, format: "csv" },
    });
    return {
      sync: {
        source: { ...table(this.source), columns: COLUMNS, timeColumn: "time" },
        sink: table(this.target),
      },
    };
  }

  /** Copies the minutes of a range of positions. */
  copyRange(): JsonObject {
    const range = "`minute` >= {{lower.offset}} AND `minute` < {{upper.offset}}";
    return sqlOf([
      this.#fromSource(),
      ...this.#intoTarget(`SELECT \`time\`, \`minute\` FROM source WHERE ${range}`),
    ]);
  }

  /** The minutes that were written for the interval from an instant on, sorted as texts. */
  minutesFrom(lower: number): string[] {
    return this.#rowsBelow(join(this.target, `from=${lower}`))
      .map((row) => row.split(",")[1]!)
      .sort();
  }

  /** Takes a second for each of its rows. */
  dripping(rows = 600): JsonObject {
    return sqlOf(this.#fromDrip("n", rows));
  }

  /** Fails at its first row. */
  failing(): JsonObject {
    return sqlOf(this.#fromDrip("n / (n - n)"));
  }

  /** The statements of the same three, the last of which is the job: for a program that runs what it is given. */
  get statements(): Record<"copy" | "dripping" | "failing", string[]> {
    const source = this.#fromSource();
    const interval = "`time` >= TIMESTAMP '{{lower.timestamp}}' AND `time` < TIMESTAMP '{{upper.timestamp}}'";
    return {
      copy: [source, ...this.#intoTarget(`SELECT \`time\`, \`minute\` FROM source WHERE ${interval}`)],
      dripping: this.#fromDrip("n"),
      failing: this.#fromDrip("n / (n - n)"),
    };
  }

  /** How often the first minute of an interval is in the target. */
  times(lower: number): number {
    const minute = (lower - MIDNIGHT) / 60_000;
    return this.rows().filter((row) => row.endsWith(`,${minute}`)).length;
  }

  /** All rows that are in the target. */
  rows(): string[] {
    return this.#rowsBelow(this.target);
  }

  #rowsBelow(folder: string): string[] {
    if (!existsSync(folder)) return [];
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !isHidden(join(entry.parentPath, entry.name), folder))
      .flatMap((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8").split("\n"))
      .filter((row) => row !== "");
  }

  #fromSource(): string {
    return `CREATE TEMPORARY TABLE source (\`time\` TIMESTAMP(3), \`minute\` INT)
      WITH ('connector' = 'filesystem', 'path' = '${pathToFileURL(this.source).href}', 'format' = 'csv')`;
  }

  #fromDrip(minute: string, rows = 600): string[] {
    return [
      `CREATE TEMPORARY TABLE drip (n INT) WITH ('connector' = 'datagen', 'rows-per-second' = '1', 'number-of-rows' = '${rows}',
         'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '${rows}')`,
      ...this.#intoTarget(`SELECT CAST(NULL AS TIMESTAMP(3)), ${minute} FROM drip`),
    ];
  }

  #intoTarget(select: string): string[] {
    const target = pathToFileURL(this.target).href;
    return [
      `CREATE TEMPORARY TABLE target (\`time\` TIMESTAMP(3), \`minute\` INT)
         WITH ('connector' = 'filesystem', 'path' = '${target}', 'format' = 'csv')`,
      `INSERT OVERWRITE target /*+ OPTIONS('path' = '${target}/from={{lower.epochMs}}') */ ${select}`,
    ];
  }
}

function sqlOf(statements: readonly string[]): JsonObject {
  return { sql: { setup: statements.slice(0, -1), statement: statements.at(-1)! } };
}

function timeOf(minute: number): string {
  return new Date(MIDNIGHT + minute * 60_000).toISOString().slice(0, 19).replace("T", " ");
}

/** Flink's files that are under way lie in hidden folders. */
function isHidden(path: string, base: string): boolean {
  return path
    .slice(base.length)
    .split("/")
    .some((part) => part.startsWith("."));
}
