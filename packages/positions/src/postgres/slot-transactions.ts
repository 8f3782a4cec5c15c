import type { OffsetSize } from "@tidegate/core/offset";
import { type LsnRange, type PublishedSlot, peekSql } from "@tidegate/postgres-kit/slot";
import type { PostgresConnection } from "./connection.js";

/** Counts the transactions of a range in Postgres, by peeking at what the slot has kept: their rows are not sent. */
export class SlotTransactions {
  readonly #connection: PostgresConnection;
  readonly #slot: PublishedSlot;

  constructor(connection: PostgresConnection, slot: PublishedSlot) {
    this.#connection = connection;
    this.#slot = slot;
  }

  /** Returns how many changes a range has, and the bytes of their messages. */
  async size(range: LsnRange): Promise<Required<OffsetSize>> {
    const row = await this.#ask(
      "coalesce(sum(records), 0) AS records, coalesce(sum(bytes), 0) AS bytes",
      range,
    );
    return { records: Number(row.records), bytes: Number(row.bytes) };
  }

  /** Returns the first transaction of a range that a limit leaves out; `undefined` if there is none. */
  async firstBeyond(range: LsnRange, { records, bytes }: OffsetSize): Promise<bigint | undefined> {
    const limits = [
      ...(records === undefined ? [] : [`all_records > ${records}`]),
      ...(bytes === undefined ? [] : [`all_bytes > ${bytes}`]),
    ];
    if (limits.length === 0) return undefined;
    return this.#first(`number > 1 AND (${limits.join(" OR ")})`, range);
  }

  /** Returns the first transaction of a range that was committed at an instant or later. */
  firstSince(range: LsnRange, instant: number): Promise<bigint | undefined> {
    return this.#first(`committed_us >= ${hex(BigInt(instant - EPOCH_2000) * 1_000n)}`, range);
  }

  async #first(condition: string, range: LsnRange): Promise<bigint | undefined> {
    const { position } = await this.#ask(`min(position) FILTER (WHERE ${condition}) AS position`, range);
    return position == null ? undefined : BigInt(`0x${position}`);
  }

  async #ask(selected: string, { lower, upper }: LsnRange) {
    // A transaction begins with B and its position; I, U and D change one row, T as many tables as it says.
    const [row] = await this.#connection.query(`
      WITH messages AS (
        SELECT data, get_byte(data, 0) AS tag,
          count(*) FILTER (WHERE get_byte(data, 0) = ascii('B')) OVER (ORDER BY ordinality) AS number
        FROM ROWS FROM (${peekSql(this.#slot, upper)}) WITH ORDINALITY AS peeked (lsn, xid, data, ordinality)
      ), transactions AS (
        SELECT number AS begun, sum(length(data)) AS bytes,
          max(encode(substr(data, 2, 8), 'hex')) FILTER (WHERE tag = ascii('B')) AS position,
          max(encode(substr(data, 10, 8), 'hex')) FILTER (WHERE tag = ascii('B')) AS committed_us,
          sum(CASE WHEN tag IN (ascii('I'), ascii('U'), ascii('D')) THEN 1
            WHEN tag = ascii('T') THEN get_byte(data, 3) * 256 + get_byte(data, 4) ELSE 0 END) AS records
        FROM messages GROUP BY number
      ), counted AS (
        SELECT *, row_number() OVER w AS number, sum(records) OVER w AS all_records, sum(bytes) OVER w AS all_bytes
        FROM transactions WHERE records > 0 AND position >= ${hex(lower)} AND position < ${hex(upper)}
        WINDOW w AS (ORDER BY position)
      ) SELECT ${selected} FROM counted`);
    return row!;
  }
}

/** From which Postgres counts, epoch ms. */
const EPOCH_2000 = Date.UTC(2000, 0, 1);

function hex(value: bigint): string {
  return `'${(value < 0n ? 0n : value).toString(16).padStart(16, "0")}'`;
}
