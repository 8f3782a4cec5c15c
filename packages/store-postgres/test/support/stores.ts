import { PostgresServer } from "@tidegate/test-servers";
import { Client } from "pg";
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

const EMPTY_TABLES = `DO $$
DECLARE
  entry record;
BEGIN
  FOR entry IN SELECT schemaname, tablename FROM pg_tables WHERE tablename IN ('${TABLES.join("', '")}') LOOP
    EXECUTE format('DELETE FROM %I.%I', entry.schemaname, entry.tablename);
  END LOOP;
END $$`;

/** One database of a real Postgres, emptied for each test, and stores on it. */
export class StoreScene {
  readonly server: PostgresServer;
  readonly url: string;
  readonly #opened: PostgresStore[] = [];
  /** Empties the tables: a connection that is new has to plan each deletion anew. */
  #cleaner: Client | undefined;

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
    // A busy machine may take its time.
    const store = new PostgresStore({ connectionString: this.url, connectTimeoutMs: 60_000, ...options });
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

  /** Closes what is open and empties the tables. To truncate them would make new files of each and of its indexes. */
  async clear(): Promise<void> {
    for (const store of this.#opened.splice(0)) await store.close();
    this.#cleaner ??= await this.#connect();
    await this.#cleaner.query(EMPTY_TABLES);
  }

  async dispose(): Promise<void> {
    for (const store of this.#opened.splice(0)) await store.close();
    await this.#cleaner?.end();
    await this.server.dispose();
  }

  async #connect(): Promise<Client> {
    const client = new Client({ connectionString: this.url });
    // Some tests end connections, or the server: the next one is emptied by a new one.
    client.on("error", () => {
      this.#cleaner = undefined;
    });
    await client.connect();
    return client;
  }
}
