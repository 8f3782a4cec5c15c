/** The values of a row by column; `null` for NULL. A value that the log does not have, since it has not changed, is absent. */
export type LoggedRow = ReadonlyMap<string, string | null>;

/** Reads the fields of one message of `pgoutput`, in their order. */
export class MessageReader {
  readonly #data: Buffer;
  #at = 0;

  constructor(data: Buffer) {
    this.#data = data;
  }

  /** Returns one byte as a character. */
  char(): string {
    return String.fromCharCode(this.int8());
  }

  int8(): number {
    return this.#data.readUInt8(this.#advance(1));
  }

  int16(): number {
    return this.#data.readUInt16BE(this.#advance(2));
  }

  int32(): number {
    return this.#data.readUInt32BE(this.#advance(4));
  }

  int64(): bigint {
    return this.#data.readBigUInt64BE(this.#advance(8));
  }

  /** Returns a text that ends with a zero byte. */
  text(): string {
    const from = this.#at;
    this.#at = this.#data.indexOf(0, from) + 1;
    return this.#data.toString("utf8", from, this.#at - 1);
  }

  /** Returns the values of a row. */
  row(columns: readonly string[]): LoggedRow {
    const row = new Map<string, string | null>();
    const count = this.int16();
    for (let index = 0; index < count; index += 1) {
      const kind = this.char();
      const name = columns[index] ?? `column ${index + 1}`;
      if (kind === "n") row.set(name, null);
      else if (kind !== "u") row.set(name, this.#value());
    }
    return row;
  }

  #value(): string {
    const length = this.int32();
    const from = this.#advance(length);
    return this.#data.toString("utf8", from, from + length);
  }

  #advance(bytes: number): number {
    const from = this.#at;
    this.#at += bytes;
    return from;
  }
}
