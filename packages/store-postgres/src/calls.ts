import type { Database } from "./database.js";
import type { NextCall } from "./offsets.js";

/** An open database, and the schema of the namespace in it, quoted. */
export interface Opened {
  readonly database: Database;
  readonly schema: string;
}

/** Calls functions of the schema in one statement, each but the first with the answer of the one before it. */
export async function callAll<T>({ database, schema }: Opened, ...calls: readonly NextCall[]): Promise<T> {
  const all: string[] = [];
  const text = calls.reduce((answer, [name, ...values]) => {
    const places = values.map((value) => `$${all.push(value)}`);
    const given = answer === "" ? places : [answer, ...places];
    return `${schema}.${name}(${given.join(", ")})`;
  }, "");
  const [row] = await database.query<{ answer: T }>(`SELECT ${text} AS answer`, all);
  return row!.answer;
}
