import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";

/** How many transactions write at a time. */
const WRITERS = 4;

/** Most rows of a transaction. */
const MOST_ROWS = 8;

/** The longest that a transaction waits before it ends, and that a writer pauses afterwards, ms. */
const LONGEST_MS = 100;

/** The pause of a writer whose server is away, ms. */
const AWAY_MS = 200;

/** Those who write to a table all the while, in transactions that end in any order, and go on when their server is back. */
export class Writers {
  readonly #url: string;
  #isWriting = true;
  #work: Promise<unknown> = Promise.resolve();

  constructor(url: string) {
    this.#url = url;
  }

  start(): void {
    this.#work = Promise.all(Array.from({ length: WRITERS }, () => this.#writeAlways()));
  }

  async stop(): Promise<void> {
    this.#isWriting = false;
    await this.#work;
  }

  async #writeAlways(): Promise<void> {
    while (this.#isWriting) {
      try {
        await this.#write();
      } catch {
        await sleep(AWAY_MS);
      }
    }
  }

  async #write(): Promise<void> {
    const client = new Client({ connectionString: this.#url, query_timeout: 10_000 });
    client.on("error", () => {});
    try {
      await client.connect();
      while (this.#isWriting) {
        await client.query("BEGIN");
        for (let left = 1 + Math.floor(Math.random() * MOST_ROWS); left > 0; left -= 1)
          await client.query("INSERT INTO orders (customer) VALUES ($1)", [`customer ${left}`]);
        await sleep(Math.random() * LONGEST_MS);
        await client.query(Math.random() < 0.9 ? "COMMIT" : "ROLLBACK");
        await sleep(Math.random() * LONGEST_MS);
      }
    } finally {
      await client.end().catch(() => {});
    }
  }
}
