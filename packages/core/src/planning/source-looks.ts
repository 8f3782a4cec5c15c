import type { Clock, EpochMs } from "../clock/clock.js";
import { Waits } from "../clock/waits.js";
import { isTidegateError, messageOf, SourceError } from "../errors/errors.js";
import type { OffsetBounds, OffsetContext, OffsetProvider } from "../offset/offset-provider.js";
import type { OffsetProviders, OffsetSource } from "../offset/offset-providers.js";
import { compareOffsets, isSame, type OffsetVector, positionIn } from "../offset/offset-vector.js";
import { beginReading, type OffsetWatermark, type StoredStartAt } from "../offset/offset-watermark.js";
import type { Schedule, ScheduleSpec } from "../schedule/schedule.js";
import type { SourceLook } from "./offset-plan.js";
import { readOn, startOf } from "./offset-reading.js";

/** Most runs that one fire plans, unless the schedule's limit says otherwise. */
const MAX_RUNS = 100;

/** Dependencies of `SourceLooks`. */
export interface SourceLooksParts {
  readonly clock: Clock;
  readonly providers: OffsetProviders;
  /** Part of the name under which sources are held. */
  readonly namespace: string;
  /** The longest that a provider may take to answer, ms. */
  readonly timeoutMs: number;
}

/** Looks at the sources of groups: the effects of planning by positions. Never within a store's transaction. */
export class SourceLooks {
  readonly #parts: SourceLooksParts;
  readonly #waits: Waits;
  readonly #open = new Set<AbortController>();

  constructor(parts: SourceLooksParts) {
    this.#parts = parts;
    this.#waits = new Waits(parts.clock);
  }

  start(): void {}

  /** Ends all looks. */
  stop(): void {
    for (const controller of this.#open) controller.abort();
    this.#waits.wake();
  }

  /**
   * Looks at the source of a group for a fire: reads its bounds once, and has it keep readable what runs are
   * going to read. Does not ask it before the instant at which reading begins (`not-begun`): records of that instant may
   * still come.
   *
   * @param isForSnapshot - whether the run is to read everything: as a whole, and whatever was lost
   * @throws SourceError SOURCE_UNKNOWN, SOURCE_UNAVAILABLE, SOURCE_INVALID, SOURCE_REPLACED, SOURCE_REWOUND,
   *   OFFSETS_EXPIRED
   */
  async look(
    { spec, offsets }: Pick<Schedule, "spec" | "offsets">,
    isForSnapshot = false,
  ): Promise<SourceLook | "not-begun"> {
    const source = spec.source!;
    if (offsets === null && isAhead(spec.startAt, this.#parts.clock.now())) return "not-begun";
    const provider = this.#parts.providers.get(source.type);
    const bounds = await this.bounds(source, offsets ?? undefined);
    const before = offsets ?? (await this.#begin(source, spec.startAt ?? "earliest", bounds));
    const onLoss = isForSnapshot ? "resnapshot" : spec.onLoss;
    const reading = readOn(provider, { ...spec, onLoss }, before, bounds);
    const ends = isForSnapshot
      ? [bounds.latest]
      : await this.#ends(provider, spec, reading.lower, bounds.latest);
    await this.hold(spec, reading.lower);
    return { order: provider, reading, ends };
  }

  /**
   * Returns where a new reading of a source stands that begins now.
   *
   * @throws as `look`
   */
  async begin(
    { source, startAt }: Pick<ScheduleSpec, "source"> & { readonly startAt: StoredStartAt },
    before?: Parameters<typeof beginReading>[2],
  ): Promise<OffsetWatermark> {
    return this.#begin(source!, startAt, await this.bounds(source!), before);
  }

  async #begin(
    source: OffsetSource,
    startAt: StoredStartAt,
    bounds: OffsetBounds,
    before?: Parameters<typeof beginReading>[2],
  ): Promise<OffsetWatermark> {
    const { incarnation, latest, at } = bounds;
    const given = await this.#given(source, startAt, bounds);
    refuseUnfit(this.#parts.providers.get(source.type), given, bounds);
    const start = startOf(given, bounds);
    return beginReading(start, { incarnation, latest, lookedAt: at }, before);
  }

  async #given(
    { type, ...source }: OffsetSource,
    startAt: StoredStartAt,
    { latest }: OffsetBounds,
  ): Promise<OffsetVector> {
    if (startAt === "latest") return latest;
    if (startAt === "earliest") return {};
    if ("offsets" in startAt) return startAt.offsets;
    const provider = this.#parts.providers.get(type);
    if (provider.at === undefined) throw cannot(type, "find positions by time", "startAt");
    const found = await this.#ask((context) => provider.at!(source, startAt.time, context));
    // The source may have grown since the bounds were read.
    const entries = Object.entries(latest).flatMap(([partition, end]) => {
      const first = positionIn(found, partition);
      if (first === undefined) return [];
      return [[partition, provider.compare(partition, first, end) > 0 ? end : first]];
    });
    return Object.fromEntries(entries) as OffsetVector;
  }

  /**
   * Returns the bounds of a source.
   *
   * @param before - how far it was planned. @default not at all
   * @throws SourceError SOURCE_UNKNOWN, SOURCE_UNAVAILABLE, SOURCE_INVALID
   */
  bounds(source: OffsetSource, before?: OffsetWatermark): Promise<OffsetBounds> {
    return this.#ask((context) => {
      if (before === undefined) return this.#parts.providers.bounds(source, context);
      const { incarnation, position, lookedAt } = before;
      const read = { incarnation, upTo: position, at: lookedAt };
      return this.#parts.providers.bounds(source, { ...context, read });
    });
  }

  /** Has a source keep readable what a group may still read, if its provider can. */
  async hold(
    { source, groupId }: Pick<ScheduleSpec, "source" | "groupId">,
    from: OffsetVector,
  ): Promise<void> {
    const { type, ...fields } = source!;
    const provider = this.#parts.providers.get(type);
    if (provider.hold === undefined) return;
    await this.#ask((context) => provider.hold!(fields, from, { ...context, holder: this.#holder(groupId) }));
  }

  /** Lets a source forget what a group has read, if its provider can. */
  async release(
    { source, groupId }: Pick<ScheduleSpec, "source" | "groupId">,
    upTo: OffsetVector,
  ): Promise<void> {
    const { type, ...fields } = source!;
    const provider = this.#parts.providers.get(type);
    if (provider.release === undefined) return;
    await this.#ask((context) =>
      provider.release!(fields, upTo, { ...context, holder: this.#holder(groupId) }),
    );
  }

  /** Whether a source's provider can let it forget what was read. */
  canRelease({ source }: Pick<ScheduleSpec, "source">): boolean {
    return source != null && this.#parts.providers.find(source.type)?.release !== undefined;
  }

  #holder(groupId: string): string {
    return `${this.#parts.namespace}/${groupId}`;
  }

  /** Returns where consecutive runs end that each read at most the schedule's limit. */
  async #ends(
    provider: OffsetProvider,
    { source, limit }: ScheduleSpec,
    from: OffsetVector,
    to: OffsetVector,
  ): Promise<OffsetVector[]> {
    if (limit === null || limit === undefined || isSame(from, to)) return [to];
    const { maxRuns = MAX_RUNS, ...size } = limit;
    const { type, ...fields } = source!;
    if (provider.cut === undefined) throw cannot(type, "cut ranges", "limit");
    const ends: OffsetVector[] = [];
    let lower = from;
    while (ends.length < maxRuns && !isSame(lower, to)) {
      const end = await this.#ask((context) => provider.cut!(fields, lower, to, size, context));
      const advances = compareOffsets(provider, lower, end) === "before";
      const isWithin = ["before", "equal"].includes(compareOffsets(provider, end, to));
      if (!advances || !isWithin)
        throw new SourceError(
          "SOURCE_UNAVAILABLE",
          `The provider "${type}" cut a range where it does not advance, or ends: its code has to be changed.`,
        );
      ends.push(end);
      lower = end;
    }
    return ends;
  }

  /** @throws SourceError; one of SOURCE_UNAVAILABLE for any other error, and if the provider takes too long */
  async #ask<T>(question: (context: OffsetContext) => Promise<T>): Promise<T> {
    const { clock, timeoutMs } = this.#parts;
    const controller = new AbortController();
    this.#open.add(controller);
    try {
      const context = { now: clock.now(), signal: controller.signal };
      const answer = await this.#waits.within(
        timeoutMs,
        Promise.resolve(question(context)).then((given) => ({ given })),
      );
      if (answer !== undefined) return answer.given;
      controller.abort();
      throw new Error(`it did not answer within ${timeoutMs} ms`);
    } catch (cause) {
      if (isTidegateError(cause)) throw cause;
      throw new SourceError("SOURCE_UNAVAILABLE", `The source cannot be asked: ${messageOf(cause)}`, {
        cause,
      });
    } finally {
      this.#open.delete(controller);
    }
  }
}

/** Returns whether reading is to begin at an instant that is still to come. */
export function isAhead(startAt: StoredStartAt | null, now: EpochMs): boolean {
  return typeof startAt === "object" && startAt !== null && "time" in startAt && startAt.time > now;
}

/** @throws SourceError SOURCE_INVALID if a source does not have the positions at which reading is to begin */
function refuseUnfit(provider: OffsetProvider, given: OffsetVector, { latest }: OffsetBounds): void {
  for (const [partition, position] of Object.entries(given)) {
    const end = positionIn(latest, partition);
    if (end !== undefined && provider.compare(partition, position, end) <= 0) continue;
    const field = `startAt.offsets.${partition}`;
    const problem =
      end === undefined
        ? "the source has no such partition"
        : `${position} is behind the source's end, ${end}`;
    throw new SourceError("SOURCE_INVALID", `${field}: ${problem}.`, { field });
  }
}

function cannot(type: string, what: string, field: string): SourceError {
  return new SourceError("SOURCE_INVALID", `${field}: the provider "${type}" cannot ${what}.`, { field });
}

/** Returns the shortest wait before a source is asked again, ms; `undefined` if the error does not say. */
export function retryAfterOf(error: unknown): EpochMs | undefined {
  const { retryAfterMs } = (error ?? {}) as { retryAfterMs?: unknown };
  return typeof retryAfterMs === "number" ? retryAfterMs : undefined;
}
