import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";

/** A step of a store's schema. One that has shipped is never changed. */
export interface SchemaStep {
  readonly up: (db: Kysely<unknown>) => Promise<void>;
  /**
   * The newest step that a release must know to work beside this one. A step that only adds (a table, an
   * index, a nullable column, a function under a new name) repeats that of the step before it; one that
   * removes or changes what an earlier release uses names the step of the release that has ceased to use it.
   */
  readonly least: string;
}

/** The steps of a schema by their names, in the order of these. */
export type SchemaSteps = Readonly<Record<string, SchemaStep>>;

/** The table of what is known about a schema: the least step that its releases must know, its namespace. */
export const FACTS = "tidegate_facts";

/** Returns the statement that creates the table of facts unless it exists. */
export function createFacts(facts: string): string {
  return `CREATE TABLE IF NOT EXISTS ${facts} (name text PRIMARY KEY, value text NOT NULL)`;
}

/**
 * Returns the steps as Kysely's migrations. Each notes its `least` in the transaction in which it is made.
 *
 * @param facts - the table of facts, as SQL
 */
export function migrationsOf(steps: SchemaSteps, facts: string): Record<string, Migration> {
  return Object.fromEntries(
    Object.entries(steps).map(([name, step]) => [name, { up: (db) => make(db, step, facts) }]),
  );
}

async function make(db: Kysely<unknown>, { up, least }: SchemaStep, facts: string): Promise<void> {
  await up(db);
  await sql.raw(createFacts(facts)).execute(db);
  await sql`INSERT INTO ${sql.raw(facts)} (name, value) VALUES ('least', ${least})
    ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE excluded.value > tidegate_facts.value`.execute(
    db,
  );
}

/**
 * Returns how a release with these steps stands to a schema: the schema is `outdated` if steps are to be
 * made; `usable` if it has all of them, even if a later release has made more that this one may ignore; else
 * `newer`.
 *
 * @param applied - the names of the steps that the schema has
 * @param least - see `SchemaStep.least`; absent if no release has noted it
 */
export function schemaState(
  steps: SchemaSteps,
  applied: readonly string[],
  least: string | undefined,
): "outdated" | "usable" | "newer" {
  const made = new Set(applied);
  const isComplete = Object.keys(steps).every((name) => made.has(name));
  if (applied.every((name) => Object.hasOwn(steps, name))) return isComplete ? "usable" : "outdated";
  return isComplete && least !== undefined && Object.hasOwn(steps, least) ? "usable" : "newer";
}
