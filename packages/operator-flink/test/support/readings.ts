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

  /** Takes ten minutes. */
  dripping(): JsonObject {
    return this.#inserted("SELECT CAST(NULL AS TIMESTAMP(3)), n FROM drip");
  }

  /** Fails at its first row. */
  failing(): JsonObject {
    return this.#inserted("SELECT CAST(NULL AS TIMESTAMP(3)), n / (n - n) FROM drip");
  }

  /** How often the first minute of an interval is in the target. */
  times(lower: number): number {
    const minute = (lower - MIDNIGHT) / 60_000;
    return this.rows().filter((row) => row.endsWith(`,${minute}`)).length;
  }

  /** All rows that are in the target. */
  rows(): string[] {
    if (!existsSync(this.target)) return [];
    return readdirSync(this.target, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !isHidden(join(entry.parentPath, entry.name), this.target))
      .flatMap((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8").trim().split("\n"));
  }

  #inserted(select: string): JsonObject {
    return {
      sql: {
        setup: [
          `CREATE TEMPORARY TABLE drip (n INT) WITH ('connector' = 'datagen', 'rows-per-second' = '1', 'number-of-rows' = '600',
             'fields.n.kind' = 'sequence', 'fields.n.start' = '1000000', 'fields.n.end' = '1000600')`,
          `CREATE TEMPORARY TABLE target (\`time\` TIMESTAMP(3), \`minute\` INT)
             WITH ('connector' = 'filesystem', 'path' = '${pathToFileURL(this.target).href}', 'format' = 'csv')`,
        ],
        statement: `INSERT OVERWRITE target /*+ OPTIONS('path' = '${pathToFileURL(this.target).href}/from={lower:epoch_ms}') */ ${select}`,
      },
    };
  }
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
