import { DatabaseSync, type StatementSync } from "node:sqlite";
import { type Copy, databaseOf } from "./copy.js";

/** A shop that writes its orders into a table of SQLite. */
export class Shop {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  #count = 0;

  constructor(copy: Copy) {
    this.#database = new DatabaseSync(databaseOf(copy));
    // Readers do not hold up the writer.
    this.#database.exec("PRAGMA journal_mode = WAL");
    this.#database.exec(
      "CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, customer TEXT NOT NULL, cents INTEGER NOT NULL)",
    );
    this.#insert = this.#database.prepare("INSERT INTO orders (customer, cents) VALUES (?, ?)");
  }

  /** Takes so many orders, in one transaction. */
  sell(orders: number): void {
    this.#database.exec("BEGIN");
    for (let left = orders; left > 0; left -= 1) {
      this.#count += 1;
      this.#insert.run(`customer ${this.#count % 97}`, 100 + ((this.#count * 37) % 900));
    }
    this.#database.exec("COMMIT");
  }

  /** How many orders it has taken: the last one's key. */
  get orders(): number {
    return this.#count;
  }

  /** Returns all orders by key, as texts. */
  rows(): string[] {
    const rows = this.#database.prepare("SELECT id, customer, cents FROM orders ORDER BY id").all();
    return rows.map((row) => Object.values(row).join());
  }

  close(): void {
    this.#database.close();
  }
}
