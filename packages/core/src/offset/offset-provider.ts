import type { EpochMs } from "../clock/clock.js";
import type { JsonObject } from "../job/json.js";
import type { OffsetVector, PositionOrder } from "./offset-vector.js";

/** Circumstances of a question to a provider. */
export interface OffsetContext {
  /** The manager's clock, epoch ms. */
  readonly now: EpochMs;
  /** Aborted when the answer is no longer wanted: the manager stops, or the source took too long. */
  readonly signal: AbortSignal;
}

/** Circumstances of a question for the bounds. */
export interface OffsetBoundsContext extends OffsetContext {
  /**
   * The positions read so far. With them a provider notices data that appeared below, if its source can tell, and refuses
   * to go on.
   *
   * @default nothing was read yet
   */
  readonly read?: OffsetsRead;
}

/** How far a source was read. */
export interface OffsetsRead {
  /** The life of the source that was read; of another one, the positions mean nothing. */
  readonly incarnation: string;
  /** The positions up to which it was read, exclusive. */
  readonly upTo: OffsetVector;
  /** The instant of the last bounds, which had them, epoch ms. */
  readonly at: EpochMs;
}

/** Circumstances of `hold` and `release`. */
export interface OffsetHoldContext extends OffsetContext {
  /** Names the reader, so that several readers of a source hold it apart: 1 to 200 letters, digits and `_ . : / -`. */
  readonly holder: string;
  /** The life of the source to which the positions belong: a source that has another one by now is left alone. */
  readonly incarnation: string;
}

/** The positions that can be read of a source now: in each partition, `[earliest, latest)`. */
export interface OffsetBounds {
  /**
   * The first position that can still be read, by partition. Never behind a position of which the source cannot say
   * that a record was there and is gone: what was read to there would count as lost. If positions have gaps, as keys
   * and names do, that is the lowest of all.
   */
  readonly earliest: OffsetVector;
  /**
   * The end of what can be read, exclusive, by partition: those of `earliest`, and never below it. It is
   * stable: nothing below it can still appear, and no later answer of the same incarnation is below it.
   */
  readonly latest: OffsetVector;
  /**
   * Names this life of the source, 1 to 200 characters: the same for all managers, and for all sources with the same
   * `dataOf`. Another value means another source, whose positions mean other data: a topic that was deleted and made
   * again, a restored database, another column.
   */
  readonly incarnation: string;
  /** The instant as of which the bounds hold, by the manager's clock, epoch ms. */
  readonly at: EpochMs;
  /** How much the source may still take in before it lets go of unread positions. @default it does not tell */
  readonly room?: SourceRoom;
}

/** How much a source has taken in, and how much it takes in before it lets go: two whole numbers of one unit of its own. */
export interface SourceRoom {
  /** Grows with what is written to the source, as long as it has the same incarnation. */
  readonly written: string;
  /** The number at which the source lets go of positions that have not been released; less than `written` if it is about to. */
  readonly limit: string;
}

/** An amount of data. */
export interface OffsetSize {
  readonly records?: number;
  readonly bytes?: number;
}

/**
 * Tells the positions of a source: what can be read now, and how positions compare. Schedules name providers in
 * `source: { type, … }`, and runs carry ranges of positions. A third party's provider runs the conformance
 * suite of `@tidegate/testkit` (`offsetProviderSuite`).
 *
 * A provider answers about a state that can be asked again at any time, by several managers at once, and
 * remembers nothing that a restart may lose. Except for `hold` and `release` it has no effects. Ranges are
 * half-open everywhere, so that consecutive ones tile: no record is in two of them, and none is in between.
 *
 * Each of its promises may reject with a `SourceError`: SOURCE_UNAVAILABLE if the source cannot be asked now,
 * so that the same question may be answered later; SOURCE_INVALID if the source itself must be changed first,
 * such as a table that does not exist. Any other error counts as SOURCE_UNAVAILABLE. Messages contain no
 * secrets.
 */
export interface OffsetProvider extends PositionOrder {
  /** The name by which schedules choose the provider: 1 to 48 letters, digits and `_ . -`, unique among the providers. */
  readonly sourceType: string;
  /** Opens what the provider needs. Does not ask the sources. */
  start?(): Promise<void> | void;
  /** Closes it. Also called if `start` has failed. */
  stop?(): Promise<void> | void;
  /**
   * Checks a schedule's `source` when the schedule is registered or updated, without asking the source.
   *
   * @param source - without its `type`
   * @throws an error whose message says what to change; its `field`, if it has one, is a path in `source`
   */
  validate?(source: JsonObject): void;
  /** Returns notes for whoever registers the source, in plain sentences: what it cannot promise. Does not ask it. */
  notesOn?(source: JsonObject): readonly string[];
  /**
   * Returns the part of a source that chooses its data, and not how it is read, such as how long to wait for it. Once
   * reading has begun, an update of the schedule may change the rest. Does not ask the source.
   *
   * @default all of it
   */
  dataOf?(source: JsonObject): JsonObject;
  /**
   * Returns what can be read now. Nothing is between the bounds of an empty partition.
   *
   * @throws SourceError SOURCE_INVALID, besides what the contract says of all errors, if data appeared below the
   *   positions up to which the source was read
   */
  bounds(source: JsonObject, context: OffsetBoundsContext): Promise<OffsetBounds>;
  /**
   * Compares two positions of a partition: negative if `a` is before `b`, positive if it is behind, 0 if they
   * are the same. A total order, without asking the source.
   *
   * @throws SourceError SOURCE_INVALID if one is not a position
   */
  compare(partition: string, a: string, b: string): number;
  /**
   * Returns the first position whose record is not before an instant, by partition: within the bounds, and
   * `latest` where there is no such record. Not asked before that instant, since such records may still come.
   *
   * @param instant - epoch ms
   */
  at?(source: JsonObject, instant: EpochMs, context: OffsetContext): Promise<OffsetVector>;
  /**
   * Returns where a range ends if it holds at most so much: a vector between `from` and `to`, with the
   * partitions of `to`. Each partition that has something left advances, by one record at least even if that is
   * more than the limit; `to` is reached by repetition.
   *
   * @param limit - one of its members at least, each at least 1; one that the provider cannot measure is ignored
   */
  cut?(
    source: JsonObject,
    from: OffsetVector,
    to: OffsetVector,
    limit: OffsetSize,
    context: OffsetContext,
  ): Promise<OffsetVector>;
  /** Returns the size of a range, as far as it is known: never less than what is in it. */
  size?(
    source: JsonObject,
    from: OffsetVector,
    to: OffsetVector,
    context: OffsetContext,
  ): Promise<OffsetSize>;
  /**
   * Keeps everything from a position on readable: a slot, a tag, a snapshot reference. Repeated for the same
   * holder it replaces what was held, and never lets go of a position from which it was held before.
   */
  hold?(source: JsonObject, from: OffsetVector, context: OffsetHoldContext): Promise<void>;
  /** Lets the source forget what is below a position, as far as this holder is concerned. Repeatable. */
  release?(source: JsonObject, upTo: OffsetVector, context: OffsetHoldContext): Promise<void>;
}
