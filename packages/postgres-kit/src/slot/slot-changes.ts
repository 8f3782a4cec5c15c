import { lsnText } from "./lsn.js";
import { type LoggedRow, MessageReader } from "./message-reader.js";

/** A replication slot with the plugin `pgoutput`, and the publication whose tables are read through it. */
export interface PublishedSlot {
  readonly slot: string;
  readonly publication: string;
}

/** A message of a slot: a row of `peekSql`. */
export interface SlotMessage {
  readonly xid: string;
  readonly data: Buffer;
}

/** A change of a row, or of a whole table. */
export interface SlotChange {
  /** The position of its transaction: where the record of its commit begins. */
  readonly lsn: string;
  /** Its number within the transaction, from 1. */
  readonly number: number;
  readonly xid: string;
  /** The instant of its commit, microseconds since 1970-01-01T00:00:00Z. */
  readonly committedAt: bigint;
  readonly kind: "insert" | "update" | "delete" | "truncate";
  readonly schema: string;
  readonly table: string;
  /** The row as it is afterwards; `null` if there is none. */
  readonly row: LoggedRow | null;
  /** The row before the change: its old key if that has changed, or all of it with `REPLICA IDENTITY FULL`. */
  readonly old: LoggedRow | null;
}

/** Positions of transactions: `[lower, upper)`. */
export interface LsnRange {
  readonly lower: bigint;
  readonly upper: bigint;
}

/**
 * Returns the SQL for the messages of all transactions that the slot has not passed and that were committed before a
 * position, as a function with the columns `lsn`, `xid` and `data`. It may return some that were committed behind. The
 * slot stays where it is.
 */
export function peekSql({ slot, publication }: PublishedSlot, upper: bigint): string {
  const names = literal(`"${publication.replaceAll('"', '""')}"`);
  return `pg_logical_slot_peek_binary_changes(${literal(slot)}, '${lsnText(upper)}', NULL,
    'proto_version', '1', 'publication_names', ${names})`;
}

/** Decodes the changes of the transactions in a range, in the order of their commits; each transaction is whole. */
export async function* changesOf(
  messages: AsyncIterable<SlotMessage> | Iterable<SlotMessage>,
  range: LsnRange,
): AsyncGenerator<SlotChange> {
  const decoder = new Decoder(range);
  for await (const message of messages) yield* decoder.changesOf(message);
}

interface Relation {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
  /** The columns by which an old row is known. */
  readonly key: ReadonlySet<string>;
}

/** Microseconds between 1970 and 2000, from which Postgres counts. */
const EPOCH_2000 = 946_684_800_000_000n;

/** Decodes messages of version 1 of the protocol, where a transaction's messages come one after the other. */
class Decoder {
  readonly #range: LsnRange;
  readonly #relations = new Map<number, Relation>();
  #transaction = { lsn: "", committedAt: 0n, isWanted: false };
  #number = 0;

  constructor(range: LsnRange) {
    this.#range = range;
  }

  *changesOf({ xid, data }: SlotMessage): Generator<SlotChange> {
    const message = new MessageReader(data);
    const tag = message.char();
    if (tag === "B") this.#begin(message);
    if (tag === "R") this.#learn(message);
    if (!this.#transaction.isWanted) return;
    if (tag === "T") {
      for (const relation of this.#truncated(message)) yield this.#change(xid, "truncate", relation, {});
      return;
    }
    const kind = KINDS[tag];
    if (kind === undefined) return;
    const relation = this.#relationOf(message.int32());
    const rows: { old?: LoggedRow; row?: LoggedRow } = {};
    const part = message.char();
    const row = message.row(relation.columns);
    if (part === "N") rows.row = row;
    else rows.old = part === "K" ? keyOf(row, relation) : row;
    if (kind === "update" && part !== "N") {
      message.char();
      rows.row = message.row(relation.columns);
    }
    yield this.#change(xid, kind, relation, rows);
  }

  #begin(message: MessageReader): void {
    const lsn = message.int64();
    const { lower, upper } = this.#range;
    this.#transaction = {
      lsn: lsnText(lsn),
      committedAt: message.int64() + EPOCH_2000,
      isWanted: lower <= lsn && lsn < upper,
    };
    this.#number = 0;
  }

  #learn(message: MessageReader): void {
    const id = message.int32();
    const [schema, table] = [message.text() || "pg_catalog", message.text()];
    message.int8();
    const key = new Set<string>();
    const columns = Array.from({ length: message.int16() }, () => {
      const isKey = message.int8() === 1;
      const name = message.text();
      message.int64();
      if (isKey) key.add(name);
      return name;
    });
    this.#relations.set(id, { schema, table, columns, key });
  }

  #truncated(message: MessageReader): Relation[] {
    const count = message.int32();
    message.int8();
    return Array.from({ length: count }, () => this.#relationOf(message.int32()));
  }

  /** A relation is described before its first change in each session. */
  #relationOf(id: number): Relation {
    return this.#relations.get(id)!;
  }

  #change(
    xid: string,
    kind: SlotChange["kind"],
    { schema, table }: Relation,
    { row, old }: { readonly row?: LoggedRow; readonly old?: LoggedRow },
  ): SlotChange {
    const { lsn, committedAt } = this.#transaction;
    this.#number += 1;
    return {
      lsn,
      number: this.#number,
      xid,
      committedAt,
      kind,
      schema,
      table,
      row: row ?? null,
      old: old ?? null,
    };
  }
}

/** An old key comes with NULL in all other columns, whatever they were. */
function keyOf(row: LoggedRow, { key }: Relation): LoggedRow {
  return new Map([...row].filter(([column]) => key.has(column)));
}

const KINDS: Readonly<Record<string, SlotChange["kind"]>> = { I: "insert", U: "update", D: "delete" };

/** Returns a text as a literal; a backslash has no meaning in it. */
function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
