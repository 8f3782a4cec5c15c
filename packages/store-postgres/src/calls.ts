import type { SealRead } from "@tidegate/core/store";
import type { Database } from "./database.js";
import type { NextCall } from "./offsets.js";

/** An open database, and the schema of the namespace in it, quoted. */
export interface Opened {
  readonly database: Database;
  readonly schema: string;
}

/** A group, or that of a run, as a write was decided on it. */
export type GroupRead = ({ readonly groupId: string } | { readonly runId: string }) & {
  /** `Schedule.incarnation` as it was read. @default any */
  readonly incarnation?: string | undefined;
  /** See `SealRead.seal`. */
  readonly seal?: SealRead["seal"] | undefined;
};

/** A statement of one answer, and the values that it names by their places. */
export interface Statement {
  readonly text: string;
  readonly values: readonly Value[];
}

/** Calls functions of the schema in one statement, each but the first with the answer of the one before it. */
export async function callAll<T>({ database, schema }: Opened, ...calls: readonly NextCall[]): Promise<T> {
  const { text, values } = statementOf(schema, calls);
  const [row] = await database.query<{ answer: T }>(text, values);
  return row!.answer;
}

/** As `callAll`, if the group still is as it was read, which it stays meanwhile; `undefined` if it is not. */
export async function callFor<T>(
  { database, schema }: Opened,
  read: GroupRead,
  ...calls: readonly NextCall[]
): Promise<T | undefined> {
  const { text, values } = statementFor(schema, read, calls);
  const [row] = await database.query<{ answer: T | null }>(text, values);
  return row?.answer ?? undefined;
}

/** Returns the statement of `callAll`. */
export function statementOf(schema: string, calls: readonly NextCall[]): Statement {
  const values: Value[] = [];
  return { text: `SELECT ${chainOf(schema, calls, values)} AS answer`, values };
}

/** Returns the statement of `callFor`, which has no answer if the group is not as it was read. */
export function statementFor(schema: string, read: GroupRead, calls: readonly NextCall[]): Statement {
  const { incarnation, seal } = read;
  const values: Value[] = ["groupId" in read ? read.groupId : read.runId, incarnation];
  const group = "groupId" in read ? "$1" : `(SELECT r.group_id FROM ${schema}.run r WHERE r.id = $1)`;
  const chain = chainOf(schema, calls, values);
  const answer = seal === undefined ? chain : ifSealedAs(schema, "group_id", `$${values.push(seal)}`, chain);
  // A purge that holds the row is waited for; what it has removed is not found.
  const text = `WITH held AS MATERIALIZED (
      SELECT t.group_id FROM ${schema}.schedule_state t JOIN ${schema}.schedule d ON d.group_id = t.group_id
        WHERE t.group_id = ${group} AND ($2::text IS NULL OR d.incarnation = $2) FOR NO KEY UPDATE OF t
    ) SELECT ${answer} AS answer FROM held`;
  return { text, values };
}

/** Returns an expression if a group that is held has a seal, and NULL if it has another one; its value is not computed then. */
export function ifSealedAs(s: string, group: string, seal: string, text: string): string {
  return `CASE WHEN ${s}.is_sealed_as(${group}, ${seal}) THEN ${text} END`;
}

type Value = string | number | null | undefined;

/** @param all - receives the values, whose places the text names */
function chainOf(schema: string, calls: readonly NextCall[], all: Value[]): string {
  return calls.reduce((answer, [name, ...values]) => {
    const places = values.map((value) => `$${all.push(value)}`);
    const given = answer === "" ? places : [answer, ...places];
    return `${schema}.${name}(${given.join(", ")})`;
  }, "");
}
