import type { DatabaseSync } from "node:sqlite";
import { StoreError } from "@tidegate/core";
import { FACTS, migrationsOf, type SchemaSteps, schemaState } from "@tidegate/store-kit";
import { Kysely, SqliteDialect } from "kysely";
import { Migrator } from "kysely/migration";
import * as initial from "./migrations/0001-initial.js";
import * as places from "./migrations/0002-places.js";
import * as gates from "./migrations/0003-gates.js";
import { up as longLedgers } from "./migrations/0004-long-ledgers.js";
import { up as pools } from "./migrations/0005-pools.js";
import { up as deadlines } from "./migrations/0006-deadlines.js";
import { up as reports } from "./migrations/0007-reports.js";
import { up as superseded } from "./migrations/0008-superseded.js";
import { up as dependencies } from "./migrations/0009-dependencies.js";
import { up as markedReady } from "./migrations/0010-marked-ready.js";
import { up as waits } from "./migrations/0011-waits.js";
import { up as seals } from "./migrations/0016-seals.js";
import { up as offsets } from "./migrations/0020-offsets.js";
import { up as shards } from "./migrations/0021-shards.js";
import { up as lateData } from "./migrations/0022-late-data.js";
import { up as logs } from "./migrations/0025-logs.js";
import { up as splitVersions } from "./migrations/0027-split-versions.js";
import { up as snapshots } from "./migrations/0029-snapshots.js";
import { up as lostPositions } from "./migrations/0042-lost-positions.js";
import { up as lateRuns } from "./migrations/0060-late-runs.js";

/** All steps of the schema, in order. */
export const STEPS: SchemaSteps = {
  "0001-initial": { ...initial, least: "0001-initial" },
  "0002-places": { ...places, least: "0002-places" },
  "0003-gates": { ...gates, least: "0003-gates" },
  // A release that does not know the count of runs would leave it behind.
  "0004-long-ledgers": { up: longLedgers, least: "0004-long-ledgers" },
  // A release that does not know pools would claim the runs that wait for them.
  "0005-pools": { up: pools, least: "0005-pools" },
  // A release that does not know deadlines leaves them alone.
  "0006-deadlines": { up: deadlines, least: "0004-long-ledgers" },
  "0007-reports": { up: reports, least: "0004-long-ledgers" },
  "0008-superseded": { up: superseded, least: "0004-long-ledgers" },
  // A release that does not know the table would not keep it.
  "0009-dependencies": { up: dependencies, least: "0009-dependencies" },
  "0010-marked-ready": { up: markedReady, least: "0009-dependencies" },
  "0011-waits": { up: waits, least: "0004-long-ledgers" },
  "0016-seals": { up: seals, least: "0004-long-ledgers" },
  // A release that does not know positions cannot read the schedules that have them, and plans none.
  "0020-offsets": { up: offsets, least: "0009-dependencies" },
  // A release that does not know shards would run a split run as a whole, beside them.
  "0021-shards": { up: shards, least: "0021-shards" },
  // A release that does not know late data leaves it alone.
  "0022-late-data": { up: lateData, least: "0004-long-ledgers" },
  // A release that does not know logs deletes them with their runs all the same.
  "0025-logs": { up: logs, least: "0004-long-ledgers" },
  "0027-split-versions": { up: splitVersions, least: "0021-shards" },
  // A release that does not know snapshots would read their intervals alone.
  "0029-snapshots": { up: snapshots, least: "0029-snapshots" },
  // A release that does not know the reason would never cover what is left of such runs.
  "0042-lost-positions": { up: lostPositions, least: "0042-lost-positions" },
  // A release that does not know the count of late runs would leave it behind.
  "0060-late-runs": { up: lateRuns, least: "0060-late-runs" },
};

/**
 * Brings the schema up to date, in one transaction. A schema that a later release has made is used as it is if
 * that release allows it.
 *
 * @param steps - all steps except those of later releases
 * @throws StoreError STORE_NEWER if a later release has made steps that this one cannot work with; what
 *   SQLite throws
 */
export async function migrate(database: DatabaseSync, path: string, steps = STEPS): Promise<void> {
  const applied = notes(database, "kysely_migration", "SELECT name AS note FROM kysely_migration");
  const [least] = notes(database, FACTS, `SELECT value AS note FROM ${FACTS} WHERE name = 'least'`);
  const state = schemaState(steps, applied, least);
  if (state === "usable") return;
  if (state === "newer") {
    const unknown = applied.filter((name) => !Object.hasOwn(steps, name));
    throw new StoreError(
      "STORE_NEWER",
      `${path}: was made by a later version of @tidegate/store-sqlite (it has ${unknown.join(", ")}); update the package.`,
    );
  }
  const db = new Kysely<unknown>({ dialect: new SqliteDialect({ database: asKyselyDatabase(database) }) });
  const migrations = migrationsOf(steps, FACTS);
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  // Kysely opens no transaction here, and a step that a kill cut in two could be neither used nor repeated.
  database.exec("BEGIN IMMEDIATE");
  try {
    const { error } = await migrator.migrateToLatest();
    if (error !== undefined) throw error;
    database.exec("COMMIT");
  } finally {
    if (database.isTransaction) database.exec("ROLLBACK");
  }
}

/** Returns what a query finds, or nothing if its table does not exist. */
function notes(database: DatabaseSync, table: string, query: string): string[] {
  const found = database.prepare("SELECT 1 FROM sqlite_master WHERE name = ?").get(table);
  if (found === undefined) return [];
  return database
    .prepare(query)
    .all()
    .map(({ note }) => String(note));
}

/** Adapts `node:sqlite` to the interface that Kysely expects. */
function asKyselyDatabase(database: DatabaseSync) {
  return {
    close: () => undefined,
    prepare: (text: string) => {
      const statement = database.prepare(text);
      return {
        reader: statement.columns().length > 0,
        all: (parameters: readonly unknown[]) => statement.all(...(parameters as never[])),
        run: (parameters: readonly unknown[]) => statement.run(...(parameters as never[])),
        iterate: (parameters: readonly unknown[]) => statement.iterate(...(parameters as never[])),
      };
    },
  };
}
