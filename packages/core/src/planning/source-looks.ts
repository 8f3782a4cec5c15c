import type { Clock, EpochMs } from "../clock/clock.js";
import { Waits } from "../clock/waits.js";
import { isTidegateError, messageOf, SourceError } from "../errors/errors.js";
import { expiryAfter, growthAfter, headroomOf, roomMsOf } from "../offset/headroom.js";
import type {
  OffsetBounds,
  OffsetContext,
  OffsetProvider,
  OffsetSize,
  OffsetsRead,
} from "../offset/offset-provider.js";
import type { OffsetProviders, OffsetSource } from "../offset/offset-providers.js";
import {
  compareOffsets,
  isEmptyRange,
  type OffsetRange,
  type OffsetVector,
  type PositionOrder,
  positionIn,
} from "../offset/offset-vector.js";
import { beginReading, type OffsetWatermark, type StoredStartAt } from "../offset/offset-watermark.js";
import type { Schedule, ScheduleSpec } from "../schedule/schedule.js";
import type { SourceLook } from "./offset-plan.js";
import { readOn, startOf } from "./offset-reading.js";
import { MAX_RUNS_PER_PLAN } from "./plan-decision.js";
import { hasSnapshots } from "./plan-snapshot.js";
import type { PlanWork } from "./plan-work.js";
import { RecentBounds } from "./recent-bounds.js";

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
  readonly #recent: RecentBounds;

  constructor(parts: SourceLooksParts) {
    this.#parts = parts;
    this.#waits = new Waits(parts.clock);
    this.#recent = new RecentBounds(parts.clock);
  }

  start(): void {}

  /** Ends all looks, and aborts their questions. */
  stop(): void {
    this.#waits.wake();
  }

  /**
   * Looks at the source of a group for a fire: reads its bounds once, and has it keep readable what runs are
   * going to read. Does not ask it before the instant at which reading begins (`not-begun`): records of that instant may
   * still come.
   *
   * @param isForSnapshot - whether the run is to read everything: as a whole, and whatever was lost
   * @param reads - see `PlanWork.reads`
   * @throws SourceError SOURCE_UNKNOWN, SOURCE_UNAVAILABLE, SOURCE_INVALID, SOURCE_REPLACED, SOURCE_REWOUND,
   *   OFFSETS_EXPIRED
   */
  async look(
    { spec, offsets }: Pick<Schedule, "spec" | "offsets">,
    isForSnapshot = false,
    reads: PlanWork["reads"] = "due",
  ): Promise<SourceLook | "not-begun"> {
    const source = spec.source!;
    const known = this.#recent.known(source);
    if (isNotBegun(spec, offsets, this.#parts.clock.now())) return "not-begun";
    const provider = this.#parts.providers.get(source.type);
    const bounds = await this.bounds(source, readOf(offsets));
    const before = offsets ?? (await this.#unseen(spec, bounds));
    const onLoss = isForSnapshot ? "resnapshot" : spec.onLoss;
    const found = readOn(provider, spec, before, bounds, onLoss);
    const expiry = expiryOf(before, known, found.lower, bounds);
    const reading = expiry === undefined ? found : { ...found, after: { ...found.after, ...expiry } };
    const ends =
      isForSnapshot || spec.limit == null
        ? [bounds.latest]
        : await this.#ends(provider, reads === "all" ? drained(spec) : spec, reading.lower, bounds.latest);
    if (provider.hold !== undefined)
      await this.hold(spec, { position: reading.lower, incarnation: bounds.incarnation });
    const isCounted = spec.batchUntil != null && !isForSnapshot && reads === "due";
    const { records } = isCounted ? await this.#sizeOf(source, reading.lower, bounds.latest) : {};
    return { order: provider, reading, ends, ...(records === undefined ? {} : { records }) };
  }

  /**
   * Returns the positions that the next run of a group would read if it were planned now; `undefined` if reading has not
   * begun.
   *
   * @throws as `look`
   */
  async firstRead({
    spec,
    offsets,
  }: Pick<Schedule, "spec" | "offsets">): Promise<(OffsetRange & OffsetSize) | undefined> {
    const source = spec.source!;
    if (isNotBegun(spec, offsets, this.#parts.clock.now())) return undefined;
    const provider = this.#parts.providers.get(source.type);
    const bounds = await this.bounds(source, readOf(offsets));
    const before = offsets ?? (await this.#unseen(spec, bounds));
    const { lower } = readOn(provider, spec, before, bounds, "record");
    const limit = spec.limit == null ? null : { ...spec.limit, maxRuns: 1 };
    const isWhole = hasSnapshots(spec) && offsets === null;
    const [upper] = isWhole
      ? [bounds.latest]
      : await this.#ends(provider, { ...spec, limit }, lower, bounds.latest);
    return { lower, upper: upper!, ...(await this.#sizeOf(source, lower, upper!)) };
  }

  /** Returns the beginning of the reading of a source that was never looked at: all that it has to read is new. */
  async #unseen({ source, startAt }: ScheduleSpec, bounds: OffsetBounds): Promise<OffsetWatermark> {
    const begun = await this.#begin(source!, startAt ?? "earliest", bounds);
    return { ...begun, latest: begun.position };
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
   * Returns the bounds of a source, asked for now.
   *
   * @param read - how far it was read. @default not at all
   * @throws SourceError SOURCE_UNKNOWN, SOURCE_UNAVAILABLE, SOURCE_INVALID
   */
  bounds(source: OffsetSource, read?: OffsetsRead): Promise<OffsetBounds> {
    return this.#recent.ask(source, () => this.#boundsOf(source, read));
  }

  /**
   * Returns the bounds of a source as of a moment ago: asks it only if nobody has within five seconds. They may be older
   * than what was planned since, by this manager or another one.
   *
   * @throws as `bounds`
   */
  recentBounds(source: OffsetSource): OffsetBounds | Promise<OffsetBounds> {
    return this.#recent.recent(source, () => this.#boundsOf(source));
  }

  #boundsOf(source: OffsetSource, read?: OffsetsRead): Promise<OffsetBounds> {
    return this.#ask((context) =>
      this.#parts.providers.bounds(source, read === undefined ? context : Object.assign(context, { read })),
    );
  }

  /** Returns the order of a source's positions. @throws SourceError SOURCE_UNKNOWN */
  orderOf({ type }: OffsetSource): PositionOrder {
    return this.#parts.providers.get(type);
  }

  /** Has a source keep readable what a group may still read, if its provider can. */
  async hold(
    { source, groupId }: Pick<ScheduleSpec, "source" | "groupId">,
    { position: from, incarnation }: Pick<OffsetWatermark, "position" | "incarnation">,
  ): Promise<void> {
    const { type, ...fields } = source!;
    const provider = this.#parts.providers.get(type);
    if (provider.hold === undefined) return;
    const holder = this.#holder(groupId);
    await this.#ask((context) =>
      provider.hold!(fields, from, Object.assign(context, { holder, incarnation })),
    );
  }

  /** Lets a source forget what a group has read, if its provider can. */
  async release(
    { source, groupId }: Pick<ScheduleSpec, "source" | "groupId">,
    { position: upTo, incarnation }: Pick<OffsetWatermark, "position" | "incarnation">,
  ): Promise<void> {
    const { type, ...fields } = source!;
    const provider = this.#parts.providers.get(type);
    if (provider.release === undefined) return;
    const holder = this.#holder(groupId);
    await this.#ask((context) =>
      provider.release!(fields, upTo, Object.assign(context, { holder, incarnation })),
    );
  }

  /** Whether a source's provider can let it forget what was read. */
  canRelease({ source }: Pick<ScheduleSpec, "source">): boolean {
    return source != null && this.#parts.providers.find(source.type)?.release !== undefined;
  }

  #holder(groupId: string): string {
    return `${this.#parts.namespace}/${groupId}`;
  }

  async #sizeOf(
    { type, ...fields }: OffsetSource,
    from: OffsetVector,
    to: OffsetVector,
  ): Promise<OffsetSize> {
    const provider = this.#parts.providers.get(type);
    if (provider.size === undefined) return {};
    return this.#ask((context) => provider.size!(fields, from, to, context));
  }

  /** Returns where consecutive runs end that each read at most the schedule's limit. */
  async #ends(
    provider: OffsetProvider,
    { source, limit }: ScheduleSpec,
    from: OffsetVector,
    to: OffsetVector,
  ): Promise<OffsetVector[]> {
    if (limit === null || limit === undefined || isEmptyRange(provider, { lower: from, upper: to }))
      return [to];
    const { maxRuns = MAX_RUNS, ...size } = limit;
    const { type, ...fields } = source!;
    if (provider.cut === undefined) throw cannot(type, "cut ranges", "limit");
    const ends: OffsetVector[] = [];
    let lower = from;
    while (ends.length < maxRuns && !isEmptyRange(provider, { lower, upper: to })) {
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
  async #ask<T>(ask: (context: OffsetContext) => Promise<T>): Promise<T> {
    const { clock, timeoutMs } = this.#parts;
    const question = new Question(clock.now());
    try {
      const answer = await this.#waits.within(timeoutMs, Promise.resolve(ask(question)).then(asGiven));
      if (answer !== undefined) return answer.given;
      question.abort();
      throw new Error(`it did not answer within ${timeoutMs} ms`);
    } catch (cause) {
      if (isTidegateError(cause)) throw cause;
      throw new SourceError("SOURCE_UNAVAILABLE", `The source cannot be asked: ${messageOf(cause)}`, {
        cause,
      });
    }
  }
}

/** Marks an answer, since there may be one of nothing. */
function asGiven<T>(given: T): { readonly given: T } {
  return { given };
}

/** A question that can be aborted. Its signal is made once somebody asks for it: most providers answer before. */
class Question implements OffsetContext {
  readonly now: EpochMs;
  #controller: AbortController | undefined;
  #isAborted = false;

  constructor(now: EpochMs) {
    this.now = now;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isAborted) this.#controller.abort();
    return this.#controller.signal;
  }

  abort(): void {
    this.#isAborted = true;
    this.#controller?.abort();
  }
}

/** Returns how far a source was planned, as its provider is told. */
function readOf(offsets: OffsetWatermark | null): OffsetsRead | undefined {
  if (offsets === null) return undefined;
  const { incarnation, position, lookedAt } = offsets;
  return { incarnation, upTo: position, at: lookedAt };
}

/** Returns the limits of a plan that leaves nothing to the next fire, as far as one transaction takes it. */
function drained(spec: ScheduleSpec): ScheduleSpec {
  return spec.limit == null ? spec : { ...spec, limit: { ...spec.limit, maxRuns: MAX_RUNS_PER_PLAN } };
}

/** Returns how a source lets go of what it had, and how soon of what is still to be read; `undefined` if it does not. */
function expiryOf(
  { incarnation, expiry = [], growth = [] }: OffsetWatermark,
  known: OffsetBounds | undefined,
  lower: OffsetVector,
  bounds: OffsetBounds,
): Pick<OffsetWatermark, "expiry" | "growth" | "headroomMs"> | undefined {
  const samples = expiryAfter(expiry, known?.incarnation === incarnation ? known : undefined, bounds);
  const grown = growthAfter(growth, bounds);
  if (samples.length === 0 && grown.length === 0) return undefined;
  const left = [headroomOf(samples, lower, bounds), roomMsOf(grown, bounds)].filter((ms) => ms !== undefined);
  return {
    ...(samples.length === 0 ? {} : { expiry: samples.map(({ at, earliest }) => ({ at, earliest })) }),
    ...(grown.length === 0 ? {} : { growth: grown }),
    ...(left.length === 0 ? {} : { headroomMs: Math.min(...left) }),
  };
}

/** Returns whether nothing of a source was read and reading is to begin at an instant that is still to come. */
function isNotBegun({ startAt }: ScheduleSpec, offsets: OffsetWatermark | null, now: EpochMs): boolean {
  return offsets === null && isAhead(startAt ?? null, now);
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
