import { PostgresServer } from "@tidegate/test-servers";
import { Client } from "pg";
import { Bed } from "../bed.js";

/** A real Postgres whose one database jobs know as `shop`. */
export class PostgresPlace {
  readonly #server: PostgresServer;
  url = "";

  private constructor(server: PostgresServer) {
    this.#server = server;
  }

  static async make(): Promise<PostgresPlace> {
    return new PostgresPlace(await PostgresServer.start());
  }

  /** Empties the database, and returns an operator with files around it. */
  async bed(): Promise<Bed> {
    this.url = this.#server.url();
    await this.query("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    return new Bed({ secrets: { shop: () => this.url } });
  }

  /** Makes another database on the same server, and returns its address. */
  other(): Promise<string> {
    return this.#server.createDatabase();
  }

  query<Row = Record<string, unknown>>(sql: string, url = this.url): Promise<Row[]> {
    return this.#server.query<Row>(sql, url);
  }

  /** Takes an advisory lock. @returns releases it */
  async lock(key: number): Promise<() => Promise<void>> {
    const client = new Client({ connectionString: this.url });
    await client.connect();
    await client.query("SELECT pg_advisory_lock($1)", [key]);
    return () => client.end();
  }

  dispose(): Promise<void> {
    return this.#server.dispose();
  }
}
