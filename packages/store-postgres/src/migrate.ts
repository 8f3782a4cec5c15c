import { hash } from "node:crypto";
import { StoreError } from "@tidegate/core";
import { createFacts, FACTS, migrationsOf, type SchemaSteps, schemaState } from "@tidegate/store-kit";
import { Kysely, PostgresDialect } from "kysely";
import { Migrator } from "kysely/migration";
import type { Database } from "./database.js";
import { initial } from "./migrations/0001-initial/index.js";
import { places } from "./migrations/0002-places/index.js";
import { gates } from "./migrations/0003-gates/index.js";
import { claimFloors } from "./migrations/0004-claim-floors/index.js";
import { longLedgers } from "./migrations/0005-long-ledgers/index.js";
import { pools } from "./migrations/0006-pools/index.js";
import { deadlines } from "./migrations/0007-deadlines/index.js";
import { reports } from "./migrations/0008-reports/index.js";
import { superseded } from "./migrations/0009-superseded/index.js";
import { dependencies } from "./migrations/0010-dependencies/index.js";
import { markedReady } from "./migrations/0011-marked-ready/index.js";
import { seals } from "./migrations/0017-seals/index.js";
import { offsets } from "./migrations/0020-offsets/index.js";
import { shards } from "./migrations/0021-shards/index.js";
import { lateData } from "./migrations/0022-late-data/index.js";
import { changes } from "./migrations/0023-changes/index.js";
import { logs } from "./migrations/0025-logs/index.js";
import { endedReadings } from "./migrations/0026-ended-readings/index.js";
import { splitVersions } from "./migrations/0027-split-versions/index.js";
import { gateFailures } from "./migrations/0028-gate-failures/index.js";
import { snapshots } from "./migrations/0029-snapshots/index.js";
import { shortcuts } from "./migrations/0032-shortcuts/index.js";
import { copies } from "./migrations/0033-copies/index.js";
import { cancelledInOrder } from "./migrations/0034-cancelled-in-order/index.js";
import { lostPositions } from "./migrations/0042-lost-positions/index.js";
import { changedSnapshots } from "./migrations/0050-changed-snapshots/index.js";
import { oldSnapshots } from "./migrations/0064-old-snapshots/index.js";
import { outdatedSteps } from "./migrations/0065-outdated-steps/index.js";
import { sealsExclude } from "./migrations/0066-seals-exclude/index.js";
import { asStoreError } from "./postgres-errors.js";

/** The table where Kysely records completed steps. */
const NOTES = "tidegate_migration";

/**
 * Returns all steps of the schema, in order.
 *
 * @param s - the schema, quoted
 */
export const stepsOf = (s: string): SchemaSteps => ({
  "0001-initial": { ...initial(s), least: "0001-initial" },
  "0002-places": { ...places(s), least: "0002-places" },
  "0003-gates": { ...gates(s), least: "0003-gates" },
  "0004-claim-floors": { ...claimFloors(s), least: "0004-claim-floors" },
  "0005-long-ledgers": { ...longLedgers(s), least: "0004-claim-floors" },
  "0006-pools": { ...pools(s), least: "0004-claim-floors" },
  "0007-deadlines": { ...deadlines(s), least: "0004-claim-floors" },
  "0008-reports": { ...reports(s), least: "0004-claim-floors" },
  "0009-superseded": { ...superseded(s), least: "0004-claim-floors" },
  "0010-dependencies": { ...dependencies(s), least: "0004-claim-floors" },
  "0011-marked-ready": { ...markedReady(s), least: "0004-claim-floors" },
  "0017-seals": { ...seals(s), least: "0004-claim-floors" },
  "0020-offsets": { ...offsets(s), least: "0004-claim-floors" },
  // A release that does not know shards would run a split run as a whole, beside them.
  "0021-shards": { ...shards(s), least: "0021-shards" },
  "0022-late-data": { ...lateData(s), least: "0021-shards" },
  "0023-changes": { ...changes(s), least: "0021-shards" },
  "0025-logs": { ...logs(s), least: "0021-shards" },
  "0026-ended-readings": { ...endedReadings(s), least: "0021-shards" },
  "0027-split-versions": { ...splitVersions(s), least: "0021-shards" },
  "0028-gate-failures": { ...gateFailures(s), least: "0021-shards" },
  // A release that does not know snapshots would read their intervals alone.
  "0029-snapshots": { ...snapshots(s), least: "0029-snapshots" },
  "0032-shortcuts": { ...shortcuts(s), least: "0029-snapshots" },
  "0033-copies": { ...copies(s), least: "0029-snapshots" },
  "0034-cancelled-in-order": { ...cancelledInOrder(s), least: "0029-snapshots" },
  // A release that does not know the reason would never cover what is left of such runs.
  "0042-lost-positions": { ...lostPositions(s), least: "0042-lost-positions" },
  "0050-changed-snapshots": { ...changedSnapshots(s), least: "0042-lost-positions" },
  "0064-old-snapshots": { ...oldSnapshots(s), least: "0042-lost-positions" },
  "0065-outdated-steps": { ...outdatedSteps(s), least: "0042-lost-positions" },
  "0066-seals-exclude": { ...sealsExclude(s), least: "0042-lost-positions" },
});

/**
 * Brings the schema up to date; one process does so at a time, and the others wait. A schema that a later
 * release has made is used as it is if that release allows it.
 *
 * @param steps - all steps except those of later releases
 * @throws StoreError STORE_NEWER if a later release has made steps that this one cannot work with; others if
 *   Postgres refuses
 */
export async function migrate(
  database: Database,
  schema: string,
  steps = stepsOf(quote(schema)),
): Promise<void> {
  if (await isUsable(database, schema, steps)) return;
  const migrations = migrationsOf(steps, `${quote(schema)}.${FACTS}`);
  const migrator = new Migrator({
    // Its pool is the store's, so it must not be closed here.
    db: new Kysely<unknown>({ dialect: new PostgresDialect({ pool: database.pool }) }),
    provider: { getMigrations: async () => migrations },
    migrationTableSchema: schema,
    migrationTableName: NOTES,
    migrationLockTableName: `${NOTES}_lock`,
  });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  // A later release may have made its steps while this one waited for its turn.
  if (await isUsable(database, schema, steps)) return;
  const refusal = asStoreError(error, database.place);
  if (refusal.code !== "STORE_READ_ONLY") throw refusal;
  throw new StoreError(
    "STORE_READ_ONLY",
    `${refusal.message} Its own schema is enough: CREATE SCHEMA ${quote(schema)} AUTHORIZATION this user.`,
    { cause: error },
  );
}

/** Returns whether the schema has all the steps. */
async function isUsable(database: Database, schema: string, steps: SchemaSteps): Promise<boolean> {
  const applied = await notes(database, `${quote(schema)}.${NOTES}`, "SELECT name AS note");
  const [least] = await notes(database, `${quote(schema)}.${FACTS}`, "SELECT value AS note", "least");
  const state = schemaState(steps, applied, least);
  if (state !== "newer") return state === "usable";
  const unknown = applied.filter((name) => !Object.hasOwn(steps, name));
  throw new StoreError(
    "STORE_NEWER",
    `${database.place}: schema ${schema} was made by a later version of @tidegate/store-postgres (it has ` +
      `${unknown.join(", ")}); update the package.`,
  );
}

/** Returns what a table has noted, or nothing if it does not exist. */
async function notes(database: Database, table: string, select: string, name?: string): Promise<string[]> {
  if (!(await hasTable(database, table))) return [];
  const rows = await database.query<{ note: string }>(
    `${select} FROM ${table} WHERE $1::text IS NULL OR name = $1 ORDER BY name`,
    [name],
  );
  return rows.map(({ note }) => note);
}

/**
 * Returns the schema of a namespace's tables, brought up to date. The tables in `base` belong to the namespace
 * that opened it first; every other one has a schema of its own, such as `tidegate:shop`.
 *
 * @throws StoreError as `migrate` does
 */
export async function openNamespace(database: Database, base: string, namespace: string): Promise<string> {
  const own = schemaOfNamespace(base, namespace);
  if (!(await hasTable(database, `${quote(own)}.${NOTES}`))) {
    await migrate(database, base);
    if ((await ownerOf(database, base, namespace)) === namespace) return base;
  }
  await migrate(database, own);
  await ownerOf(database, own, namespace);
  return own;
}

/** Returns the namespace to which the tables of a schema belong: the one given, if they belong to none yet. */
async function ownerOf(database: Database, schema: string, namespace: string): Promise<string> {
  const facts = `${quote(schema)}.${FACTS}`;
  // A schema to which this release has nothing to add may be of one that noted no facts.
  if (!(await hasTable(database, facts))) await database.query(createFacts(facts));
  const text = `SELECT value FROM ${facts} WHERE name = 'namespace'`;
  const [known] = await database.query<{ value: string }>(text);
  if (known !== undefined) return known.value;
  await database.query(
    `INSERT INTO ${facts} (name, value) VALUES ('namespace', $1) ON CONFLICT (name) DO NOTHING`,
    [namespace],
  );
  const [noted] = await database.query<{ value: string }>(text);
  return noted!.value;
}

/** Postgres cuts longer names, without a word. */
const LONGEST_NAME = 63;

function schemaOfNamespace(base: string, namespace: string): string {
  const name = `${base}:${namespace}`;
  if (Buffer.byteLength(name) <= LONGEST_NAME) return name;
  const digest = hash("sha256", namespace, "hex").slice(0, 16);
  return `${Buffer.from(base).subarray(0, LONGEST_NAME - digest.length - 1)}:${digest}`;
}

async function hasTable(database: Database, table: string): Promise<boolean> {
  const text = "SELECT to_regclass($1) IS NOT NULL AS there";
  const [found] = await database.query<{ there: boolean }>(text, [table]);
  return found?.there === true;
}

/** Quotes a name for SQL. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
