import type { EpochMs, JsonObject } from "@tidegate/core";
import type {
  OffsetBounds,
  OffsetBoundsContext,
  OffsetContext,
  OffsetHoldContext,
  OffsetProvider,
  OffsetRange,
  OffsetSize,
  OffsetVector,
} from "@tidegate/core/offset";
import type { z } from "zod";
import { InvalidSource } from "./invalid-source.js";
import { asSourceError } from "./source-errors.js";

/**
 * A provider's source and its answers, which keep the rules of `OffsetProvider`. Errors that are not
 * `SourceError`s count as SOURCE_UNAVAILABLE.
 *
 * @typeParam Source - the schedule's `source` as its schema returns it
 */
export interface ProviderDefinition<Source> {
  /** The name by which schedules choose the provider, such as `files`. */
  readonly type: string;
  /** The one definition of a source, without its `type`. */
  readonly sourceSchema: z.ZodType<Source>;
  /** Opens what the provider needs. */
  start?(): Promise<void> | void;
  /** Closes it. */
  stop?(): Promise<void> | void;
  /** Returns notes for whoever registers the source. @default none */
  notesOn?(source: Source): readonly string[];
  /** Returns the part of a source that chooses its data, and not how it is read. */
  dataOf(source: Source): JsonObject;
  /** Returns what can be read now. */
  bounds(source: Source, context: OffsetBoundsContext): Promise<OffsetBounds>;
  /** Compares two positions of a partition. */
  compare(partition: string, a: string, b: string): number;
  /** Returns the first position that is not before an instant. */
  at(source: Source, instant: EpochMs, context: OffsetContext): Promise<OffsetVector>;
  /** Returns where a range ends if it holds at most so much. */
  cut(source: Source, range: OffsetRange, limit: OffsetSize, context: OffsetContext): Promise<OffsetVector>;
  /** Returns the size of a range. */
  size(source: Source, range: OffsetRange, context: OffsetContext): Promise<OffsetSize>;
  /** Lets the source forget what is below a position. @default it forgets by itself */
  release?(source: Source, upTo: OffsetVector, context: OffsetHoldContext): Promise<void>;
}

/** A provider with all that one can have, but for `hold`, and `release` unless its definition has it. */
export type DefinedProvider = Required<Omit<OffsetProvider, "hold" | "release">> &
  Pick<OffsetProvider, "release">;

/** Returns the provider of a definition. */
export function defineProvider<Source>(definition: ProviderDefinition<Source>): DefinedProvider {
  const parsed = new WeakMap<JsonObject, Source>();
  const read = (json: JsonObject): Source => {
    const known = parsed.get(json);
    if (known !== undefined) return known;
    const { data, error } = definition.sourceSchema.safeParse(json);
    const issue = error?.issues[0];
    if (issue !== undefined) throw new InvalidSource(fieldOf(issue), issue.message);
    parsed.set(json, data as Source);
    return data as Source;
  };
  const asked = async <T>(json: JsonObject, ask: (source: Source) => Promise<T>): Promise<T> => {
    try {
      return await ask(read(json));
    } catch (error) {
      throw asSourceError(error);
    }
  };
  const { release } = definition;
  return {
    sourceType: definition.type,
    start: async () => definition.start?.(),
    stop: async () => definition.stop?.(),
    validate: (json) => void read(json),
    notesOn: (json) => definition.notesOn?.(read(json)) ?? [],
    dataOf: (json) => definition.dataOf(read(json)),
    bounds: (json, context) => asked(json, (source) => definition.bounds(source, context)),
    compare: (partition, a, b) => definition.compare(partition, a, b),
    at: (json, instant, context) => asked(json, (source) => definition.at(source, instant, context)),
    cut: (json, lower, upper, limit, context) =>
      asked(json, (source) => definition.cut(source, { lower, upper }, limit, context)),
    size: (json, lower, upper, context) =>
      asked(json, (source) => definition.size(source, { lower, upper }, context)),
    ...(release === undefined
      ? {}
      : {
          release: (json, upTo, context) =>
            asked(json, (source) => release.call(definition, source, upTo, context)),
        }),
  };
}

/** An unknown key is named itself, not the object that holds it. */
function fieldOf(issue: z.core.$ZodIssue): string {
  const path = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0] ?? ""] : issue.path;
  return path.map(String).join(".");
}
