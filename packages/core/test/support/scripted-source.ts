import type { JsonObject } from "../../src/job/json.js";
import type {
  OffsetBounds,
  OffsetBoundsContext,
  OffsetHoldContext,
  OffsetProvider,
  OffsetSize,
  OffsetsRead,
  SourceRoom,
} from "../../src/offset/offset-provider.js";
import type { OffsetVector } from "../../src/offset/offset-vector.js";

/** One partition: its records are numbered, and the first ones may be gone. */
interface Partition {
  first: number;
  /** When each of its records was written, from number 0 on. */
  readonly writtenAt: number[];
}

/** A log of numbered records in partitions, which the test writes, loses and replaces. */
export class ScriptedSource implements OffsetProvider {
  readonly sourceType: string;
  readonly partitions = new Map<string, Partition>();
  incarnation = "first";
  /** While set, every question is answered by it. */
  failure: Error | undefined;
  /** While set, questions wait for it. */
  until: Promise<void> | undefined;
  /** Called at each question for the bounds, before it is answered. */
  onLook: () => void = () => {};
  /** Called at each question for an instant, before it is answered. */
  onAt: () => void = () => {};
  looks = 0;
  /** How far it was said to be read at each of them. */
  readonly readings: (OffsetsRead | undefined)[] = [];
  /** How much it has taken in, and at how much it lets go; it does not tell unless this is set. */
  room: SourceRoom | undefined;
  /** The vectors that were held and released, oldest first. */
  readonly held: OffsetVector[] = [];
  readonly released: OffsetVector[] = [];
  /** While set, `release` rejects with it. */
  releaseFailure: Error | undefined;

  constructor(sourceType = "log", counts: Readonly<Record<string, number>> = { "0": 0 }) {
    this.sourceType = sourceType;
    for (const [partition, count] of Object.entries(counts)) this.write(partition, count);
  }

  /** Appends records to a partition, which it makes if there is none. */
  write(partition: string, count: number, at = 0): void {
    const { writtenAt } = this.#partition(partition);
    for (let n = 0; n < count; n += 1) writtenAt.push(at);
  }

  /** Loses the records of a partition below a position. */
  expire(partition: string, upTo: number): void {
    this.#partition(partition).first = upTo;
  }

  /** Loses the last records of a partition. */
  rewind(partition: string, to: number): void {
    this.#partition(partition).writtenAt.length = to;
  }

  /** Begins another life of the source, with these records. */
  replace(incarnation: string, counts: Readonly<Record<string, number>>): void {
    this.incarnation = incarnation;
    this.partitions.clear();
    for (const [partition, count] of Object.entries(counts)) this.write(partition, count);
  }

  validate(source: JsonObject): void {
    if (typeof source.topic === "string") return;
    throw Object.assign(new Error("must be a text"), { field: "topic" });
  }

  dataOf({ topic }: JsonObject): JsonObject {
    return { topic: topic ?? null };
  }

  async bounds(_source: JsonObject, { now, read }: OffsetBoundsContext): Promise<OffsetBounds> {
    this.looks += 1;
    this.readings.push(read);
    this.onLook();
    await this.#answer();
    return {
      earliest: this.#vector(({ first }) => first),
      latest: this.#vector(({ writtenAt }) => writtenAt.length),
      incarnation: this.incarnation,
      at: now,
      ...(this.room === undefined ? {} : { room: this.room }),
    };
  }

  compare(_partition: string, a: string, b: string): number {
    for (const position of [a, b]) if (!/^\d+$/.test(position)) throw new Error(`"${position}" is no number`);
    return Number(a) - Number(b);
  }

  async at(_source: JsonObject, instant: number): Promise<OffsetVector> {
    this.onAt();
    await this.#answer();
    return this.#vector(({ first, writtenAt }) => {
      const found = writtenAt.findIndex((at, n) => n >= first && at >= instant);
      return found < 0 ? writtenAt.length : found;
    });
  }

  /** Gives each partition its share of the records, at least one. */
  async cut(
    _source: JsonObject,
    from: OffsetVector,
    to: OffsetVector,
    { records = Number.POSITIVE_INFINITY }: OffsetSize,
  ): Promise<OffsetVector> {
    await this.#answer();
    const left = Object.keys(to).map((partition) => Number(to[partition]) - Number(from[partition] ?? 0));
    const share = Math.min(1, records / left.reduce((sum, one) => sum + one, 0));
    const entries = Object.keys(to).map((partition, n) => {
      const step = Math.max(1, Math.floor(left[n]! * share));
      return [partition, String(Math.min(Number(to[partition]), Number(from[partition] ?? 0) + step))];
    });
    return Object.fromEntries(entries) as OffsetVector;
  }

  async size(_source: JsonObject, from: OffsetVector, to: OffsetVector): Promise<OffsetSize> {
    const counts = Object.keys(to).map((partition) => Number(to[partition]) - Number(from[partition] ?? 0));
    return { records: counts.reduce((sum, one) => sum + one, 0) };
  }

  async hold(_source: JsonObject, from: OffsetVector, _context: OffsetHoldContext): Promise<void> {
    this.held.push(from);
  }

  async release(_source: JsonObject, upTo: OffsetVector, _context: OffsetHoldContext): Promise<void> {
    if (this.releaseFailure !== undefined) throw this.releaseFailure;
    this.released.push(upTo);
  }

  async #answer(): Promise<void> {
    await this.until;
    if (this.failure !== undefined) throw this.failure;
  }

  #partition(name: string): Partition {
    const partition = this.partitions.get(name) ?? { first: 0, writtenAt: [] };
    this.partitions.set(name, partition);
    return partition;
  }

  #vector(positionOf: (partition: Partition) => number): OffsetVector {
    const entries = [...this.partitions].map(([name, partition]) => [name, String(positionOf(partition))]);
    return Object.fromEntries(entries) as OffsetVector;
  }
}
