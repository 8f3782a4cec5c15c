/** Types of messages, by their first byte: rows, the end of all rows, and what the client has to see. */
const COPY_DATA = 0x64;
const COPY_DONE = 0x63;
const ERROR = 0x45;

/** The type of a message and its length, which counts itself. */
const HEADER_BYTES = 5;

/** Memory that is read into from one end to the other, bytes: it stays in the cache of a core. */
const MEMORY_BYTES = 262_144;

/** Room for the least that is worth a read, bytes. */
const ROOM_BYTES = 65_536;

/** Rows that have arrived, and the message that ends all of them, if it has arrived as well. */
export interface ArrivedText {
  /** Whole rows. They stay as they are until more bytes have arrived. */
  readonly text: Buffer;
  readonly end: "done" | "error" | undefined;
}

/**
 * The memory that the messages of a `COPY … TO STDOUT` arrive in. Postgres sends each row in a message of its own: the
 * rows of all that has arrived are moved together in place, so that a row costs neither an object nor a call, and the
 * memory is used again, so that nothing of it is garbage.
 */
export class ArrivedRows {
  #memory: Buffer = Buffer.allocUnsafeSlow(MEMORY_BYTES);
  /** Read before `#memory`, and next: what has been handed out last may be in it. */
  #other: Buffer | undefined;
  /** Where a message begins whose end has not arrived, and where the next bytes belong. */
  #begun = 0;
  #next = 0;

  /** Returns the place of the next bytes. */
  room(atLeast = ROOM_BYTES): Buffer {
    if (this.#memory.length - this.#next < atLeast) this.#change(atLeast);
    return this.#memory.subarray(this.#next);
  }

  /** Takes bytes that have been written into the room. Reads the end of all rows, but no error. */
  take(bytes: number): ArrivedText {
    const memory = this.#memory;
    const arrived = this.#next + bytes;
    const from = this.#begun;
    let read = from;
    let written = from;
    let end: ArrivedText["end"];
    while (end === undefined && read + HEADER_BYTES <= arrived) {
      const type = memory[read];
      if (type === ERROR) {
        end = "error";
        break;
      }
      const next = read + 1 + memory.readUInt32BE(read + 1);
      if (next > arrived) break;
      if (type === COPY_DATA) {
        memory.copyWithin(written, read + HEADER_BYTES, next);
        written += next - read - HEADER_BYTES;
      }
      // Others are notices and settings.
      if (type === COPY_DONE) end = "done";
      read = next;
    }
    this.#begun = read;
    this.#next = arrived;
    return { text: memory.subarray(from, written), end };
  }

  /** Returns a copy of the bytes behind the last message that was read. */
  rest(): Buffer {
    return Buffer.from(this.#memory.subarray(this.#begun, this.#next));
  }

  /** Goes on in the other memory with the message that has begun. */
  #change(atLeast: number): void {
    const begun = this.#memory.subarray(this.#begun, this.#next);
    const needed = begun.length + atLeast;
    const isLarge = this.#other !== undefined && this.#other.length >= needed;
    const next = isLarge ? this.#other! : Buffer.allocUnsafeSlow(Math.max(MEMORY_BYTES, 2 * needed));
    begun.copy(next);
    this.#other = this.#memory;
    this.#memory = next;
    this.#begun = 0;
    this.#next = begun.length;
  }
}
