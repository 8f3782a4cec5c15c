import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { FlinkConsole } from "./flink-console.js";
import type { FlinkServer } from "./flink-server.js";

/** One sale, which belongs to a partition. */
export interface Sale {
  readonly id: number;
  readonly price: number;
  readonly part: string;
}

/** A catalog of a test's own, with a table of sales and materialized tables over it. */
export class FlinkSales {
  readonly catalog: string;
  readonly #folder: string;
  readonly #console: FlinkConsole;

  private constructor(catalog: string, folder: string, console: FlinkConsole) {
    this.catalog = catalog;
    this.#folder = folder;
    this.#console = console;
  }

  static async create(flink: FlinkServer, catalog: string): Promise<FlinkSales> {
    const folder = mkdtempSync(join(flink.dataFolder, `${catalog}-`));
    mkdirSync(join(folder, "sales"));
    const sales = new FlinkSales(catalog, folder, await FlinkConsole.open(flink));
    await sales.#console.type(
      `CREATE CATALOG ${catalog} WITH ('type' = 'test-filesystem', 'path' = '${folder}', 'default-database' = 'sales')`,
    );
    await sales.#console.type(
      `CREATE TABLE ${catalog}.sales.sale (id INT, price INT, part STRING) WITH ('format' = 'json')`,
    );
    return sales;
  }

  /** Makes these all the sales that there are, at once: jobs may be reading. */
  write(sales: readonly Sale[]): void {
    const folder = join(this.#folder, "sales", "sale", "data");
    mkdirSync(folder, { recursive: true });
    // Flink overlooks files that begin with a dot.
    const hidden = join(folder, ".sales.json");
    writeFileSync(hidden, sales.map((sale) => `${JSON.stringify(sale)}\n`).join(""));
    renameSync(hidden, join(folder, "sales.json"));
  }

  /** Takes a table's partitions away. */
  clear(table: string): void {
    rmSync(join(this.#folder, "sales", table, "data"), { recursive: true, force: true });
  }

  /** Of a table of all sales by their partition, which has the form of a time. */
  definition(table: string, { freshness, format }: { freshness: string; format: string }): string {
    return `CREATE MATERIALIZED TABLE ${this.catalog}.sales.${table} PARTITIONED BY (part)
      WITH ('format' = 'json', 'partition.fields.part.date-formatter' = '${format}')
      FRESHNESS = INTERVAL ${freshness} REFRESH_MODE = FULL
      AS SELECT id, 100 / price AS per_hundred, part FROM ${this.catalog}.sales.sale`;
  }

  /** The ids in a table's partitions, by partition. */
  partitions(table: string): Map<string, number[]> {
    const data = join(this.#folder, "sales", table, "data");
    if (!existsSync(data)) return new Map();
    const names = readdirSync(data).filter((name) => name.startsWith("part="));
    return new Map(names.map((name) => [name.slice("part=".length), idsIn(join(data, name))]));
  }
}

/** Flink's files that are under way have names that begin with a dot. */
function idsIn(folder: string): number[] {
  return readdirSync(folder)
    .filter((name) => !name.startsWith("."))
    .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n").filter(Boolean))
    .map((line) => (JSON.parse(line) as Sale).id)
    .sort((a, b) => a - b);
}
