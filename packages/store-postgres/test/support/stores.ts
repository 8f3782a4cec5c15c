import { PostgresServer } from "@tidegate/test-servers";
import { PostgresStore, type PostgresStoreOptions } from "../../src/index.js";

const TABLES = [
  "deadline",
  "deadline_watch",
  "attempt_log",
  "run_split",
  "shard",
  "seal",
  "lookback",
  "late_time",
  "schedule",
  "schedule_version",
  "schedule_state",
  "run",
  "dependency",
  "gate_waker",
  "backfill",
  "pool",
  "change",
  "change_log",
  "change_teller",
];

/** One database of a real Postgres, emptied for each test, and stores on it. */
export class StoreScene {
  readonly server: PostgresServer;
  readonly url: string;
  readonly #opened: PostgresStore[] = [];

  private constructor(server: PostgresServer, url: string) {
    this.server = server;
    this.url = url;
  }

  static async make(settings?: readonly string[]): Promise<StoreScene> {
    const server = await PostgresServer.start(settings);
    const scene = new StoreScene(server, await server.createDatabase());
    const first = await scene.open();
    await first.close();
    return scene;
  }

  async open(options: Partial<PostgresStoreOptions> = {}, namespace?: string): Promise<PostgresStore> {
    const store = new PostgresStore({ connectionString: this.url, ...options });
    await store.open(namespace);
    this.#opened.push(store);
    return store;
  }

  /** Replaces the text of a group's specification behind the stores' back. */
  async overwriteSpec(groupId: string, text: string): Promise<void> {
    const [schema] = await this.server.query<{ name: string }>(
      "SELECT schemaname AS name FROM pg_tables WHERE tablename = 'schedule_version'",
      this.url,
    );
    const quoted = text.replaceAll("'", "''");
    await this.server.query(
      `UPDATE "${schema!.name}".schedule_version SET spec = '${quoted}' WHERE group_id = '${groupId}'`,
      this.url,
    );
  }

  /** Closes what is open and empties the tables. */
  async clear(): Promise<void> {
    for (const store of this.#opened.splice(0)) await store.close();
    const tables = await this.server.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE tablename IN ('${TABLES.join("', '")}')`,
      this.url,
    );
    await this.server.query(`TRUNCATE ${tables.map(({ name }) => name).join(", ")}`, this.url);
  }

  async dispose(): Promise<void> {
    for (const store of this.#opened.splice(0)) await store.close();
    await this.server.dispose();
  }
}
