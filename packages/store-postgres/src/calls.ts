import type { Database } from "./database.js";
import type { NextCall } from "./offsets.js";

/** An open database, and the schema of the namespace in it, quoted. */
export interface Opened {
  readonly database: Database;
  readonly schema: string;
}

/** The ledger of a group, as it was read. */
export interface Ledger {
  readonly groupId: string;
  readonly incarnation: string;
}

/** Calls functions of the schema in one statement, each but the first with the answer of the one before it. */
export async function callAll<T>({ database, schema }: Opened, ...calls: readonly NextCall[]): Promise<T> {
  const all: string[] = [];
  const text = chainOf(schema, calls, all);
  const [row] = await database.query<{ answer: T }>(`SELECT ${text} AS answer`, all);
  return row!.answer;
}

/** As `callAll`, if the group still has this ledger, which it keeps meanwhile; `undefined` if it has not. */
export async function callFor<T>(
  { database, schema }: Opened,
  { groupId, incarnation }: Ledger,
  ...calls: readonly NextCall[]
): Promise<T | undefined> {
  const all = [groupId, incarnation];
  const text = chainOf(schema, calls, all);
  // A purge that holds the row is waited for; what it has removed is not found.
  const [row] = await database.query<{ answer: T }>(
    `WITH held AS MATERIALIZED (
      SELECT FROM ${schema}.schedule_state t JOIN ${schema}.schedule d ON d.group_id = t.group_id
        WHERE t.group_id = $1 AND d.incarnation = $2 FOR NO KEY UPDATE OF t
    ) SELECT ${text} AS answer FROM held`,
    all,
  );
  return row?.answer;
}

/** @param all - receives the values, whose places the text names */
function chainOf(schema: string, calls: readonly NextCall[], all: string[]): string {
  return calls.reduce((answer, [name, ...values]) => {
    const places = values.map((value) => `$${all.push(value)}`);
    const given = answer === "" ? places : [answer, ...places];
    return `${schema}.${name}(${given.join(", ")})`;
  }, "");
}
