/** What separates and encloses the fields of a text whose line ends are unified. JSON lines have neither. */
export interface Fields {
  readonly delimiter: string;
  readonly quote: string;
  readonly escape: string;
}

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;

/**
 * Rewrites a text so that each line ends in a line feed. Line ends inside quotes belong to a value and stay
 * as they are.
 *
 * DuckDB's reader assumes that all lines of a file end alike: in `\r\n`, in `\n` or in `\r`.
 */
export class LineEnds {
  readonly #delimiter: Buffer;
  readonly #quote: number | undefined;
  readonly #escape: number | undefined;
  /** How much of the delimiter has just been read. */
  #matched = 0;
  #isFieldStart = true;
  #isQuoted = false;
  #isEscaped = false;
  #isAfterCr = false;
  readonly #kinds = new Set<"\n" | "\r" | "\r\n">();

  constructor({ delimiter, quote, escape: escapeWith }: Fields) {
    this.#delimiter = Buffer.from(delimiter);
    this.#quote = Buffer.from(quote)[0];
    this.#escape = escapeWith === quote ? undefined : Buffer.from(escapeWith)[0];
  }

  /** Whether lines ended in different ways. */
  get areMixed(): boolean {
    return new Set([...this.#kinds, ...(this.#isAfterCr ? ["\r"] : [])]).size > 1;
  }

  push(chunk: Buffer): Buffer {
    const out = Buffer.allocUnsafe(chunk.length + 1);
    let length = 0;
    for (const byte of chunk) {
      if (this.#isAfterCr) {
        this.#isAfterCr = false;
        this.#kinds.add(byte === LF ? "\r\n" : "\r");
        if (byte === LF) continue;
      }
      if (this.#isQuoted) {
        this.#quotedByte(byte);
      } else if (byte === CR || byte === LF) {
        if (byte === CR) this.#isAfterCr = true;
        else this.#kinds.add("\n");
        this.#isFieldStart = true;
        this.#matched = 0;
        out[length++] = LF;
        continue;
      } else {
        this.#bareByte(byte);
      }
      out[length++] = byte;
    }
    return out.subarray(0, length);
  }

  /** A doubled quote leaves the quotes and re-enters them at once, with the same result. */
  #quotedByte(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === this.#escape) this.#isEscaped = true;
    else if (byte === this.#quote) {
      this.#isQuoted = false;
      this.#isFieldStart = this.#escape === undefined;
    }
  }

  #bareByte(byte: number): void {
    if (byte === this.#quote && this.#isFieldStart) {
      this.#isQuoted = true;
      return;
    }
    this.#matched = byte === this.#delimiter[this.#matched] ? this.#matched + 1 : 0;
    const isDelimiter = this.#matched === this.#delimiter.length;
    if (isDelimiter) this.#matched = 0;
    this.#isFieldStart = isDelimiter || (this.#isFieldStart && byte === SPACE);
  }
}
