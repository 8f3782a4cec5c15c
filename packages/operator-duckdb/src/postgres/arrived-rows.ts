/** Types of messages, by their first byte: rows, the end of all rows, and what the client has to see. */
const COPY_DATA = 0x64;
const COPY_DONE = 0x63;
const ERROR = 0x45;

/** The type of a message and its length, which counts itself. */
const HEADER_BYTES = 5;

/** Length of a memory that is read into from one end to the other: a few of them stay in the cache of a core. */
const MEMORY_BYTES = 262_144;

/** Room for the least that is worth a read, bytes. */
const ROOM_BYTES = 65_536;

/** How much text may wait until it is read, bytes: enough for the time that its reader takes to write some of it. */
const WAITING_BYTES = 16_777_216;

/** The message that ends all rows. */
export type RowsEnd = "done" | "error";

/** Memory that texts are in. */
interface Memory {
  readonly bytes: Buffer;
  /** How many of them have not been read. */
  texts: number;
}

interface Text {
  readonly bytes: Buffer;
  readonly memory: Memory;
}

/**
 * The rows of a `COPY … TO STDOUT` that have arrived and have not been read. Postgres sends each row in a message of its own:
 * the rows of all that has arrived are moved together in place, so that a row costs neither an object nor a call, and
 * memory is used again, so that nothing of it is garbage.
 */
export class ArrivedRows {
  #memory: Memory = memoryOf(MEMORY_BYTES);
  readonly #free: Memory[] = [];
  /** Where in the memory a message begins whose end has not arrived, and where the next bytes belong. */
  #begun = 0;
  #next = 0;
  readonly #waiting: Text[] = [];
  #waitingBytes = 0;
  #handedOut: Text | undefined;

  /** Returns the place of the next bytes. */
  room(atLeast = ROOM_BYTES): Buffer {
    if (this.#memory.bytes.length - this.#next < atLeast) this.#change(atLeast);
    return this.#memory.bytes.subarray(this.#next);
  }

  /** Takes bytes that have been written into the room. Reads the end of all rows, but no error. */
  take(length: number): RowsEnd | undefined {
    const { bytes } = this.#memory;
    const arrived = this.#next + length;
    const from = this.#begun;
    let read = from;
    let written = from;
    let end: RowsEnd | undefined;
    while (end === undefined && read + HEADER_BYTES <= arrived) {
      const type = bytes[read];
      if (type === ERROR) {
        end = "error";
        break;
      }
      const next = read + 1 + bytes.readUInt32BE(read + 1);
      if (next > arrived) break;
      if (type === COPY_DATA) {
        bytes.copyWithin(written, read + HEADER_BYTES, next);
        written += next - read - HEADER_BYTES;
      }
      // Others are notices and settings.
      if (type === COPY_DONE) end = "done";
      read = next;
    }
    this.#begun = read;
    this.#next = arrived;
    if (written > from) this.#wait({ bytes: bytes.subarray(from, written), memory: this.#memory });
    return end;
  }

  /** Returns whole rows, the oldest first. They stay as they are until the next are asked for. */
  shift(): Buffer | undefined {
    if (this.#handedOut !== undefined) this.#release(this.#handedOut.memory);
    const text = this.#waiting.shift();
    this.#handedOut = text;
    this.#waitingBytes -= text?.bytes.length ?? 0;
    return text?.bytes;
  }

  /** Whether no more bytes should be taken until some rows have been read. */
  get isFull(): boolean {
    return this.#waitingBytes >= WAITING_BYTES;
  }

  /** Returns a copy of the bytes behind the last message that was read. */
  rest(): Buffer {
    return Buffer.from(this.#memory.bytes.subarray(this.#begun, this.#next));
  }

  #wait(text: Text): void {
    this.#waiting.push(text);
    this.#waitingBytes += text.bytes.length;
    text.memory.texts += 1;
  }

  #release(memory: Memory): void {
    memory.texts -= 1;
    if (memory.texts === 0 && memory !== this.#memory) this.#free.push(memory);
  }

  /** Goes on in another memory with the message that has begun. */
  #change(atLeast: number): void {
    const begun = this.#memory.bytes.subarray(this.#begun, this.#next);
    const needed = begun.length + atLeast;
    const former = this.#memory;
    // The last that became free is the likeliest to be in the cache.
    const free = this.#free.pop();
    const isLarge = free !== undefined && free.bytes.length >= needed;
    this.#memory = isLarge ? free : memoryOf(Math.max(MEMORY_BYTES, 2 * needed));
    begun.copy(this.#memory.bytes);
    this.#begun = 0;
    this.#next = begun.length;
    if (former.texts === 0) this.#free.push(former);
  }
}

function memoryOf(length: number): Memory {
  return { bytes: Buffer.allocUnsafeSlow(length), texts: 0 };
}
