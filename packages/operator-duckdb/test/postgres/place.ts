import { PostgresServer } from "@tidegate/test-servers";
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

  query<Row = Record<string, unknown>>(sql: string): Promise<Row[]> {
    return this.#server.query<Row>(sql, this.url);
  }

  dispose(): Promise<void> {
    return this.#server.dispose();
  }
}
