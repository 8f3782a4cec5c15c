import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "@tidegate/core";

/** What a promise rejects with. */
export async function rejectionOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => {
      throw new Error("It was expected to reject.");
    },
    (error: unknown) => error,
  );
}

const CUT = "select id, who, ts from rows where ts >= '{{lower.timestamp}}' and ts < '{{upper.timestamp}}'";

const FIELDS = { id: "int", who: "string", ts: "string" };

/** Folders of rows and of what jobs make of them, below a server's directory. */
export class Warehouse {
  readonly #source: string;
  readonly #target: string;

  /** @param name - unlike those of other tests on the same server */
  constructor(directory: string, name: string) {
    this.#source = join(directory, name, "source");
    this.#target = join(directory, name, "target");
    mkdirSync(this.#source, { recursive: true });
  }

  /** Puts rows `id,who,ts` into the source. */
  put(rows: readonly string[], file = "rows.csv"): void {
    writeFileSync(join(this.#source, file), `${rows.join("\n")}\n`);
  }

  /** All rows of the target, in order. */
  rows(): string[] {
    return this.#rowsIn(() => true);
  }

  /** The ids that were written for the interval from an instant on. */
  idsFrom(lower: number): string[] {
    return this.#rowsIn((file) => file.includes(`part-${lower}`)).map((row) => row.split(",")[0]!);
  }

  #rowsIn(isWanted: (file: string) => boolean): string[] {
    if (!existsSync(this.#target)) return [];
    return readdirSync(this.#target, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".csv") && isWanted(file))
      .flatMap((file) => readFileSync(join(this.#target, file), "utf8").split("\n"))
      .filter((row) => row !== "")
      .sort();
  }

  /** Copies the rows of an interval; a second job of it writes the same file. */
  copy(query = CUT, sink: JsonObject = {}): JsonObject {
    return {
      env: { parallelism: 1 },
      source: [
        {
          plugin_name: "LocalFile",
          result_table_name: "rows",
          path: this.#source,
          file_format_type: "csv",
          schema: { fields: FIELDS },
        },
      ],
      transform: [{ plugin_name: "Sql", source_table_name: "rows", result_table_name: "cut", query }],
      sink: [{ ...this.#files("cut"), ...sink }],
    };
  }

  /** Copies the rows of a query on a table. */
  copyTable(url: string, query: string): JsonObject {
    const login = { user: "tidegate", password: "" };
    const source = {
      plugin_name: "Jdbc",
      result_table_name: "cut",
      driver: "org.postgresql.Driver",
      url,
      query,
    };
    return { env: { parallelism: 1 }, source: [{ ...source, ...login }], sink: [this.#files("cut")] };
  }

  /** Makes rows for a thousand seconds, and would show them at the end. */
  slow(): JsonObject {
    return {
      source: [
        {
          plugin_name: "FakeSource",
          result_table_name: "rows",
          "row.num": 1_000,
          "split.num": 1_000,
          "split.read-interval": 1_000,
          schema: { fields: FIELDS },
        },
      ],
      transform: [
        {
          plugin_name: "Sql",
          source_table_name: "rows",
          result_table_name: "cut",
          query: "select id, '{{lower.timestamp}}' as who, ts from rows",
        },
      ],
      sink: [this.#files("cut")],
    };
  }

  #files(table: string): JsonObject {
    return {
      plugin_name: "LocalFile",
      source_table_name: table,
      path: this.#target,
      tmp_path: `${this.#target}-tmp`,
      file_format_type: "csv",
      custom_filename: true,
      file_name_expression: "part-{{lower.epochMs}}",
      is_enable_transaction: false,
    };
  }
}
