const MAGIC = 0xfd2fb528;
/** The lowest four bits of a skippable frame's magic number are free. */
const SKIPPABLE_MAGIC = 0x184d2a50;
const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;

/** The next bytes of a frame, to be inspected or skipped. */
interface Need {
  readonly bytes: number;
  readonly isRead: boolean;
}

const read = (bytes: number): Need => ({ bytes, isRead: true });
const skip = (bytes: number): Need => ({ bytes, isRead: false });

/**
 * Follows Zstandard data from frame to frame (RFC 8878, section 3.1) without decompressing it.
 *
 * Node's decompressor stops at the end of the first frame, and its older versions accept a frame that ends too early.
 */
export class ZstdFrames {
  #frame: Generator<Need, void, Buffer> | undefined;
  #need = skip(0);
  #collected: Buffer[] = [];
  #missing = 0;

  /** Whether the bytes so far end at the end of a frame. */
  get isComplete(): boolean {
    return this.#frame === undefined;
  }

  /**
   * Follows a chunk up to the end of its frame.
   *
   * @returns the offset after the frame, or `undefined` when the frame continues beyond the chunk
   * @throws RangeError for bytes that are not a frame
   */
  advance(chunk: Buffer): number | undefined {
    if (this.#frame === undefined) {
      this.#frame = frame();
      this.#expect(this.#frame.next());
    }
    let at = 0;
    for (;;) {
      const taken = Math.min(this.#missing, chunk.length - at);
      if (this.#need.isRead) this.#collected.push(chunk.subarray(at, at + taken));
      at += taken;
      this.#missing -= taken;
      if (this.#missing > 0) return undefined;
      const isOver = this.#expect(this.#frame.next(Buffer.concat(this.#collected)));
      if (isOver) return at;
    }
  }

  #expect({ done, value }: IteratorResult<Need, void>): boolean {
    this.#collected = [];
    if (done) {
      this.#frame = undefined;
      return true;
    }
    this.#need = value as Need;
    this.#missing = this.#need.bytes;
    return false;
  }
}

function* frame(): Generator<Need, void, Buffer> {
  const magic = (yield read(4)).readUInt32LE();
  if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
    yield skip((yield read(4)).readUInt32LE());
    return;
  }
  if (magic !== MAGIC) throw new RangeError("bytes that are no Zstandard frame");
  const descriptor = (yield read(1)).readUInt8();
  yield skip(headerBytesAfter(descriptor));
  for (;;) {
    const block = (yield read(3)).readUIntLE(0, 3);
    const type = (block >> 1) & 3;
    if (type === RESERVED_BLOCK) throw new RangeError("a block of an unknown type");
    yield skip(type === RLE_BLOCK ? 1 : block >> 3);
    if ((block & 1) === 1) break;
  }
  const hasChecksum = (descriptor & 4) !== 0;
  yield skip(hasChecksum ? 4 : 0);
}

/** Window descriptor, dictionary id and content size. */
function headerBytesAfter(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryId = [0, 1, 2, 4][descriptor & 3]!;
  const contentSize = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  return (isSingleSegment ? 0 : 1) + dictionaryId + contentSize;
}
