import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { DuckDBInstance } from "@duckdb/node-api";
import { Bed } from "./bed.js";

/** A bed whose operator reads two empty databases: `shop` of SQLite and `lake` of DuckDB. */
export class DatabaseBed extends Bed {
  readonly sqlite: DatabaseSync;
  readonly duckdb: DuckDBInstance;
  readonly #folder: string;

  private constructor(folder: string, duckdb: DuckDBInstance) {
    const path = join(folder, "shop.db");
    super({ databases: { shop: { sqlite: path }, lake: { duckdb } } });
    this.#folder = folder;
    this.sqlite = new DatabaseSync(path);
    this.duckdb = duckdb;
  }

  static async open(): Promise<DatabaseBed> {
    const duckdb = await DuckDBInstance.create(":memory:", { threads: "1" });
    return new DatabaseBed(mkdtempSync(join(tmpdir(), "tidegate-databases-")), duckdb);
  }

  override async dispose(): Promise<void> {
    this.sqlite.close();
    this.duckdb.closeSync();
    await super.dispose();
    rmSync(this.#folder, { recursive: true });
  }
}
