import type { DatabaseSync, SQLInputValue, StatementResultingChanges, StatementSync } from "node:sqlite";

/** A value that a statement takes. */
export type Value = SQLInputValue;

/** Prepared statements by their text, each prepared once. */
export class Statements {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Returns all rows. */
  all<Row>(text: string, ...values: Value[]): Row[] {
    return this.#prepare(text).all(...values) as Row[];
  }

  /** Returns the first row. */
  get<Row>(text: string, ...values: Value[]): Row | undefined {
    return this.#prepare(text).get(...values) as Row | undefined;
  }

  /** Runs a statement that returns no rows, without counting its changes: the answer would cost a quarter of a small one. */
  execute(text: string, values: readonly Value[]): void {
    this.#prepare(text).get(...values);
  }

  /** Returns how many rows were changed. */
  run(text: string, ...values: Value[]): number {
    return Number(this.#prepare(text).run(...values).changes);
  }

  /** Returns how many rows were inserted, and the number of the last. */
  insert(text: string, values: readonly Value[]): StatementResultingChanges {
    return this.#prepare(text).run(...values);
  }

  #prepare(text: string): StatementSync {
    const known = this.#prepared.get(text);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(text);
    this.#prepared.set(text, statement);
    return statement;
  }
}
