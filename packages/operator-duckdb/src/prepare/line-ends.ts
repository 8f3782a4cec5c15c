/** The characters that separate and enclose the fields of a text whose line ends are unified. JSON lines have neither. */
export interface Fields {
  readonly delimiter: string;
  readonly quote: string;
  readonly escape: string;
}

/** Which lines of a text are comments. */
export interface Comments {
  /** One ASCII character, or `""`: lines that begin with it are left out. */
  readonly comment: string;
  /** This many lines come first and are kept as they are. */
  readonly skip: number;
}

const NO_COMMENTS: Comments = { comment: "", skip: 0 };

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;

/**
 * Rewrites a text so that each line ends in a line feed, without its comment lines. Line ends inside quotes
 * belong to a value and stay as they are.
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
  readonly #comment: number | undefined;
  /** Lines to keep as they are. */
  #linesToSkip: number;
  #isLineStart = true;
  #isComment = false;
  #hasComments = false;
  readonly #kinds = new Set<"\n" | "\r" | "\r\n">();

  constructor({ delimiter, quote, escape: escapeWith }: Fields, { comment, skip }: Comments = NO_COMMENTS) {
    this.#comment = Buffer.from(comment)[0];
    this.#linesToSkip = skip;
    this.#delimiter = Buffer.from(delimiter);
    this.#quote = Buffer.from(quote)[0];
    this.#escape = escapeWith === quote ? undefined : Buffer.from(escapeWith)[0];
  }

  /** Whether lines ended in different ways. */
  get areMixed(): boolean {
    return new Set([...this.#kinds, ...(this.#isAfterCr ? ["\r"] : [])]).size > 1;
  }

  /** Whether lines were left out. */
  get hasComments(): boolean {
    return this.#hasComments;
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
        if (!this.#isComment) out[length++] = LF;
        this.#beginLine();
        continue;
      } else {
        this.#isComment ||= this.#isLineStart && this.#linesToSkip === 0 && byte === this.#comment;
        this.#isLineStart = false;
        if (this.#isComment) {
          this.#hasComments = true;
          continue;
        }
        if (this.#linesToSkip === 0) this.#bareByte(byte);
      }
      out[length++] = byte;
    }
    return out.subarray(0, length);
  }

  #beginLine(): void {
    this.#isFieldStart = true;
    this.#isLineStart = true;
    this.#isComment = false;
    this.#matched = 0;
    if (this.#linesToSkip > 0) this.#linesToSkip -= 1;
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
