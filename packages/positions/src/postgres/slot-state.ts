import type { SourceRoom } from "@tidegate/core/offset";
import { lsnOf } from "@tidegate/postgres-kit/slot";
import { wrong } from "../kit/source-errors.js";
import type { PostgresConnection } from "./connection.js";

/** A replication slot and the publication that is read through it, as Postgres knows them. */
export interface SlotState {
  /** Names this life of both: of their cluster, its timeline, their database, the publication and the slot. */
  readonly incarnation: string;
  /** All transactions whose commits are recorded at this position, or behind, can be read. */
  readonly confirmed: bigint;
  /** Whether Postgres has removed what the slot had kept: nothing can be read through it any more. */
  readonly isLost: boolean;
  /** The bytes of log that the server has written, and those at which it removes what the slot keeps; absent without a limit. */
  readonly room: SourceRoom | undefined;
}

const DESCRIBED = `
  SELECT s.slot_name AS slot, s.slot_type AS kind, s.plugin, s.database, s.temporary, s.confirmed_flush_lsn AS confirmed,
    to_jsonb(s) ->> 'two_phase' AS prepares,
    s.wal_status = 'lost' OR to_jsonb(s) ->> 'invalidation_reason' IS NOT NULL OR s.confirmed_flush_lsn IS NULL AS lost,
    pg_current_wal_lsn() - '0/0'::pg_lsn AS written, (to_jsonb(s) ->> 'safe_wal_size')::numeric AS safe,
    p.oid AS publication, current_database() AS here, current_setting('wal_level') AS level,
    (SELECT system_identifier FROM pg_control_system()) AS system,
    (SELECT oid FROM pg_database WHERE datname = current_database()) AS home,
    left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) AS timeline
  FROM (SELECT) AS one
    LEFT JOIN pg_replication_slots s ON s.slot_name = $1
    LEFT JOIN pg_publication p ON p.pubname = $2`;

/**
 * Describes a slot and its publication.
 *
 * @throws SourceError SOURCE_INVALID if there is none, or not all changes of the publication's tables can be read
 *   through it
 */
export async function describeSlot(
  connection: PostgresConnection,
  { slot, publication }: { readonly slot: string; readonly publication: string },
): Promise<SlotState> {
  const [recovery] = await connection.query("SELECT pg_is_in_recovery() AS standby");
  if (recovery!.standby === "t") throw wrong(`The slot ${slot} is read on a standby: name the primary.`);
  const [found] = await connection.query(DESCRIBED, [slot, publication]);
  const row = found!;
  const refuse = (problem: string): Error => wrong(`The replication slot ${slot} ${problem}`);
  if (row.publication === null)
    throw wrong(
      `There is no publication ${publication} in ${row.here}: CREATE PUBLICATION first, and the slot after it.`,
    );
  if (row.slot === null) throw missing(slot, row.here!, row.level!);
  if (row.kind !== "logical" || row.plugin !== "pgoutput")
    throw refuse(
      `is ${row.kind === "logical" ? `one of ${row.plugin}` : "physical"}: it must have the plugin pgoutput.`,
    );
  if (row.database !== row.here) throw refuse(`is one of the database ${row.database}, not of ${row.here}.`);
  if (row.temporary === "t") throw refuse("is temporary: it would be gone with its connection.");
  if (row.prepares === "true")
    throw refuse("decodes transactions when they are prepared: make it without two_phase.");
  return {
    incarnation: [row.system, row.timeline, row.home, row.publication, slot].join("."),
    confirmed: lsnOf(row.confirmed ?? "0/0")!,
    isLost: row.lost === "t",
    room: roomOf(row.written!, row.safe ?? null),
  };
}

/** `safe_wal_size` is what can be written until the limit (`max_slot_wal_keep_size`) is reached, and negative behind it. */
function roomOf(written: string, safe: string | null): SourceRoom | undefined {
  return safe === null ? undefined : { written, limit: String(BigInt(written) + BigInt(safe)) };
}

function missing(slot: string, database: string, level: string): Error {
  const made = `SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`;
  const first =
    level === "logical" ? "" : `set wal_level = logical (it is ${level}) and restart the server, then `;
  return wrong(`There is no replication slot ${slot} in ${database}: ${first}${made}.`);
}
