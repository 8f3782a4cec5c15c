import { Socket } from "node:net";

/** Memory for bytes that have no taker, such as answers to a client. */
const OWN_BYTES = 16_384;

/** A reader that has the bytes of a socket read into memory of its own. */
export interface BytesTaker {
  /**
   * Returns the place of the next bytes.
   *
   * @param atLeast - its length, bytes. @default a good one for a read
   */
  room(atLeast?: number): Buffer;
  /** Called when bytes are there. @returns whether to go on; otherwise the socket waits until it is resumed */
  take(bytes: number): boolean;
}

/** A socket whose bytes are read into the memory of a taker. While it has none, it emits them as any socket does. */
export class LendingSocket extends Socket {
  #taker: BytesTaker | undefined;

  constructor() {
    const own = Buffer.allocUnsafeSlow(OWN_BYTES);
    super({
      onread: {
        buffer: () => this.#taker?.room() ?? own,
        callback: (length, memory) => {
          const bytes = memory.subarray(0, length);
          if (this.#taker !== undefined && memory !== own) return this.#taker.take(length);
          if (this.#taker !== undefined) return giveTo(this.#taker, bytes);
          this.emit("data", Buffer.from(bytes));
          return true;
        },
      },
    });
  }

  /** Has bytes read into the memory of a taker, or emitted again. */
  lendTo(taker: BytesTaker | undefined): void {
    this.#taker = taker;
  }
}

/** Gives bytes to a taker that were read elsewhere. @returns whether to go on, as `take` does */
export function giveTo(taker: BytesTaker, bytes: Uint8Array): boolean {
  taker.room(bytes.length).set(bytes);
  return taker.take(bytes.length);
}
