import {
  MAIN_PARTITION,
  type OffsetBounds,
  type OffsetContext,
  type OffsetRange,
} from "@tidegate/core/offset";
import { parseOptions } from "@tidegate/core/plugin";
import { postgresCode } from "@tidegate/postgres-kit";
import { type LsnRange, lsnOf, lsnText } from "@tidegate/postgres-kit/slot";
import { z } from "zod";
import { mainVector } from "../cursor/cursor-range.js";
import { type DefinedProvider, defineProvider } from "../kit/define-provider.js";
import { chosenPlace, placeName, placeOf, placesOf, unknownPlace } from "../kit/named.js";
import { wrong } from "../kit/source-errors.js";
import { databaseSchema, PostgresConnection, type PostgresSourceDatabase } from "./connection.js";
import { flushedEnd } from "./flushed-end.js";
import { describeSlot } from "./slot-state.js";
import { SlotTransactions } from "./slot-transactions.js";

/** Options of `postgresSlot`. */
export interface PostgresSlotOptions {
  /** The databases whose slots may be read, by the names that schedules use. */
  readonly databases: Readonly<Record<string, PostgresSourceDatabase>>;
}

const optionsSchema = z.strictObject({ databases: placesOf(databaseSchema) });

const sourceSchema = z.strictObject({
  database: placeName.optional(),
  slot: z.string().regex(/^[a-z0-9_]{1,63}$/, "must be 1 to 63 of small letters, digits and _"),
  publication: z.string().regex(/^[^\p{Cc}\\]{1,63}$/u, "must be a name of 1 to 63 characters"),
});

type Source = z.output<typeof sourceSchema>;

/** Most bytes of the log by which a slot is advanced at a time, so that each step is done within a statement's limit. */
const STEP_BYTES = 268_435_456n;

/** How often, and after which pause, a slot that somebody reads is tried again, ms. */
const BUSY = { times: 40, pauseMs: 250 };

const IN_USE = "55006";

/**
 * Returns the provider `postgres-slot`: the changes of a publication's tables, by the position of their commits in the
 * log of Postgres. Transactions are whole, and none is missed in whatever order they began. A schedule's source:
 *
 * - `database`: its name in the options. Default: the only one;
 * - `slot`: a logical replication slot with the plugin `pgoutput`, which no other group and no other tool reads;
 * - `publication`: the publication whose tables are read. It has to be older than the slot.
 *
 * Positions are log sequence numbers such as `16/B374D848`. The slot is advanced to where the group has succeeded
 * without a gap.
 *
 * ```ts
 * createTidegate({ store, engines, operators, offsetProviders: [postgresSlot({ databases: { shop: { connectionString } } })] });
 * ```
 *
 * @throws ConfigurationError CONFIGURATION_INVALID
 */
export function postgresSlot(options: PostgresSlotOptions): DefinedProvider {
  const { databases } = parseOptions("PostgresSlotOptions", optionsSchema, options);
  const connections = Object.fromEntries(
    Object.entries(databases).map(([name, database]) => [
      name,
      new PostgresConnection(name, database as PostgresSourceDatabase),
    ]),
  );
  const connectionTo = ({ database }: Source): PostgresConnection => placeOf(connections, database)!;
  const transactionsOf = (source: Source): SlotTransactions =>
    new SlotTransactions(connectionTo(source), source);
  const boundsOf = (source: Source, context: OffsetContext): Promise<OffsetBounds> =>
    boundsOfSlot(connectionTo(source), source, context);
  return defineProvider<Source>({
    type: "postgres-slot",
    sourceSchema: (sourceSchema as unknown as z.ZodType<Source>).refine(
      ({ database }) => placeOf(connections, database) !== undefined,
      unknownPlace("database", connections),
    ),
    stop: async () => {
      await Promise.all(Object.values(connections).map((connection) => connection.close()));
    },
    dataOf: ({ database, slot, publication }) => ({
      database: chosenPlace(connections, database),
      slot,
      publication,
    }),
    notesOn: ({ slot }) => [
      `Only this group may read the slot ${slot}: what it has read is gone for others.`,
      `The server keeps its log from where the slot ${slot} is: limit it by max_slot_wal_keep_size, and drop the slot with the schedule.`,
      "Changes to be read begin with the slot: what the tables had before is not among them.",
    ],
    compare: (_, a, b) => compareLsn(a, b),
    bounds: boundsOf,
    at: async (source, instant, context) => {
      const { earliest, latest } = await boundsOf(source, context);
      const range = { lower: earliest, upper: latest };
      const first = await transactionsOf(source).firstSince(lsnRange(range), instant);
      return first === undefined ? latest : mainVector(lsnText(first));
    },
    cut: async (source, range, limit) => {
      const end = await transactionsOf(source).firstBeyond(lsnRange(range), limit);
      return end === undefined ? range.upper : mainVector(lsnText(end));
    },
    size: (source, range) => transactionsOf(source).size(lsnRange(range)),
    release: async (source, upTo, { incarnation, signal }) => {
      const connection = connectionTo(source);
      const state = await describeSlot(connection, source);
      if (state.incarnation !== incarnation || state.isLost) return;
      await advance(connection, source.slot, state.confirmed, requiredLsn(upTo[MAIN_PARTITION]), signal);
    },
  });
}

async function boundsOfSlot(
  connection: PostgresConnection,
  source: Source,
  { now, signal }: OffsetContext,
): Promise<OffsetBounds> {
  // The end comes first: a slot that is made in between begins behind it, and counts as empty.
  const end = await flushedEnd(connection, signal);
  const { confirmed, incarnation, isLost, room } = await describeSlot(connection, source);
  const isAhead = confirmed > end;
  const latest = isAhead ? confirmed : end;
  return {
    earliest: mainVector(lsnText(isLost ? latest : confirmed)),
    latest: mainVector(lsnText(latest)),
    incarnation,
    at: now,
    ...(room === undefined ? {} : { room }),
  };
}

/** Advances a slot, never back and never behind the end of the log, in steps that each are kept. */
async function advance(
  connection: PostgresConnection,
  slot: string,
  from: bigint,
  to: bigint,
  signal: AbortSignal,
): Promise<void> {
  let busy = 0;
  for (let at = from; at < to; ) {
    signal.throwIfAborted();
    const next = at + STEP_BYTES < to ? at + STEP_BYTES : to;
    try {
      await connection.query(
        `SELECT pg_replication_slot_advance(slot_name, $2) FROM pg_replication_slots
          WHERE slot_name = $1 AND confirmed_flush_lsn < $2::pg_lsn AND $2::pg_lsn <= pg_current_wal_insert_lsn()`,
        [slot, lsnText(next)],
      );
      at = next;
    } catch (error) {
      busy += 1;
      if (postgresCode((error as Error).cause) !== IN_USE || busy > BUSY.times) throw error;
      await connection.query("SELECT pg_sleep($1)", [BUSY.pauseMs / 1_000]);
    }
  }
}

/**
 * Compares two log sequence numbers.
 *
 * @throws SourceError SOURCE_INVALID if one is none
 */
function compareLsn(a: string, b: string): number {
  const [left, right] = [requiredLsn(a), requiredLsn(b)];
  return left === right ? 0 : left < right ? -1 : 1;
}

function requiredLsn(position = ""): bigint {
  const lsn = lsnOf(position);
  if (lsn !== undefined) return lsn;
  throw wrong(
    `"${position}" is no position of this source: it must be a log sequence number such as 16/B374D848.`,
  );
}

function lsnRange({ lower, upper }: OffsetRange): LsnRange {
  return { lower: requiredLsn(lower[MAIN_PARTITION]), upper: requiredLsn(upper[MAIN_PARTITION]) };
}
