import { isDeepStrictEqual } from "node:util";
import { messageOf, ScheduleError, SourceError } from "../errors/errors.js";
import type { JsonObject, JsonValue } from "../job/json.js";
import { PROBE_TYPE } from "../schedule/readiness.js";
import type { OffsetBounds, OffsetBoundsContext, OffsetProvider } from "./offset-provider.js";
import { type OffsetVector, partitionsOf } from "./offset-vector.js";

/** A source of a schedule: the type of a provider and the provider's own fields. */
export interface OffsetSource {
  /** The provider that tells its positions, such as `kafka`. */
  readonly type: string;
  readonly [field: string]: JsonValue;
}

/** The form of a provider's type. */
export const SOURCE_TYPE = PROBE_TYPE;

/** The providers of a manager, by the types that schedules name. */
export class OffsetProviders {
  /** By the types that they have; the first of one type counts. */
  readonly #providers = new Map<string, OffsetProvider>();

  constructor(providers: readonly OffsetProvider[]) {
    for (const provider of providers)
      if (!this.#providers.has(provider.sourceType)) this.#providers.set(provider.sourceType, provider);
  }

  /**
   * Returns the provider of a type.
   *
   * @throws SourceError SOURCE_UNKNOWN with the field `source.type`
   */
  get(type: string): OffsetProvider {
    const provider = this.find(type);
    if (provider !== undefined) return provider;
    const known = [...this.#providers.keys()].join(", ") || "none";
    const message = `source.type: no provider "${type}" is installed; known: ${known}.`;
    throw new SourceError("SOURCE_UNKNOWN", message, { field: "source.type" });
  }

  /** Returns the provider of a type; `undefined` if none is installed. */
  find(type: string): OffsetProvider | undefined {
    return this.#providers.get(type);
  }

  /**
   * Checks a schedule's source without asking it.
   *
   * @throws SourceError SOURCE_UNKNOWN; ScheduleError SCHEDULE_INVALID with the path of the field
   */
  check({ type, ...source }: OffsetSource): void {
    const provider = this.get(type);
    try {
      provider.validate?.(source);
    } catch (cause) {
      const below = (cause as { field?: unknown } | null)?.field;
      const field = typeof below === "string" && below !== "" ? `source.${below}` : "source";
      throw new ScheduleError("SCHEDULE_INVALID", `${field}: ${messageOf(cause)}`, { field, cause });
    }
  }

  /** Returns whether positions of one source mean the same data in another. Does not ask them. */
  haveSameData(a: OffsetSource, b: OffsetSource): boolean {
    if (a.type !== b.type) return false;
    const provider = this.find(a.type);
    try {
      return isDeepStrictEqual(dataOf(provider, a), dataOf(provider, b));
    } catch {
      // A provider may refuse today what it accepted once.
      return isDeepStrictEqual(a, b);
    }
  }

  /**
   * Returns a source's bounds, as the contract has them.
   *
   * @throws what the provider throws; SourceError SOURCE_UNAVAILABLE if its answer is none
   */
  async bounds(source: OffsetSource, context: OffsetBoundsContext): Promise<OffsetBounds> {
    const provider = this.get(source.type);
    return checkedBounds(provider, await provider.bounds(fieldsOf(source), context));
  }
}

const fields = new WeakMap<OffsetSource, JsonObject>();

/** Returns the fields of a source without its type: the same object each time, by which a provider knows what it has read. */
function fieldsOf(source: OffsetSource): JsonObject {
  const known = fields.get(source);
  if (known !== undefined) return known;
  const { type: _, ...own } = source;
  fields.set(source, own);
  return own;
}

function dataOf(provider: OffsetProvider | undefined, { type: _type, ...source }: OffsetSource): JsonObject {
  return provider?.dataOf?.(source) ?? source;
}

/** @throws SourceError SOURCE_UNAVAILABLE if an answer is not what the contract says: nothing can be planned by it */
export function checkedBounds(provider: OffsetProvider, answer: unknown): OffsetBounds {
  const problem = problemOf(provider, (answer ?? {}) as Record<string, unknown>);
  if (problem === undefined) return answer as OffsetBounds;
  throw new SourceError(
    "SOURCE_UNAVAILABLE",
    `The answer of the provider "${provider.sourceType}" ${problem}: its code has to be changed.`,
  );
}

function problemOf(
  provider: OffsetProvider,
  { earliest, latest, incarnation, at, room }: Record<string, unknown>,
): string | undefined {
  const partitions = partitionsOf(latest);
  const others = partitionsOf(earliest);
  if (partitions === undefined || others === undefined) return "has no vectors of positions";
  if (typeof incarnation !== "string" || incarnation.length < 1 || incarnation.length > 200)
    return "has no incarnation of 1 to 200 characters";
  if (!Number.isSafeInteger(at)) return "has no instant `at`";
  if (room !== undefined && !isRoom(room)) return "has a room of other than two whole numbers as texts";
  const [first, end] = [earliest, latest] as [OffsetVector, OffsetVector];
  if (partitions.length !== others.length || !partitions.every((one) => Object.hasOwn(first, one)))
    return "has other partitions in earliest than in latest";
  const inverted = partitions.find((one) => provider.compare(one, first[one]!, end[one]!) > 0);
  return inverted === undefined ? undefined : `ends before it begins in partition ${inverted}`;
}

function isRoom(room: unknown): boolean {
  const { written, limit } = (room ?? {}) as Record<string, unknown>;
  return [written, limit].every((amount) => typeof amount === "string" && /^-?\d{1,40}$/.test(amount));
}
