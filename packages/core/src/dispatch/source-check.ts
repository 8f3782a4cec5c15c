import type { Clock, EpochMs } from "../clock/clock.js";
import { SourceError } from "../errors/errors.js";
import type { OffsetBounds } from "../offset/offset-provider.js";
import type { OffsetSource } from "../offset/offset-providers.js";
import type { PositionOrder } from "../offset/offset-vector.js";
import type { RunOffsets } from "../offset/offset-watermark.js";
import { missingOf } from "../offset/source-standing.js";
import { lookAgainAfterMs } from "../planning/failing-groups.js";
import { ExpiredWhileWaiting, refuseMissing } from "../planning/offset-reading.js";
import { hasSnapshots, keepsOrder } from "../planning/plan-snapshot.js";
import type { SourceLooks } from "../planning/source-looks.js";
import { isBehind } from "../run/copies.js";
import type { Run, RunError, RunWait } from "../run/run.js";
import type { ScheduleSpec } from "../schedule/schedule.js";
import { newestSnapshot } from "../store/newest-snapshot.js";
import type { RunChange } from "../store/run-queue.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { type EndedAttempt, endAttempt } from "./attempt-result.js";
import { boundedError } from "./operator-answer.js";
import { readModeOf } from "./request.js";

/** Errors of a source that no longer has what a run is to read; all others pass. */
const MISSING: readonly string[] = ["OFFSETS_EXPIRED", "SOURCE_REPLACED", "SOURCE_REWOUND"];

function isMissing({ code }: SourceError): boolean {
  return MISSING.includes(code);
}

/** Returns whether a source lacks something of what a run is to read, by its bounds. */
function isAnyMissing(order: PositionOrder, offsets: RunOffsets, bounds: OffsetBounds): boolean {
  if (bounds.incarnation !== offsets.incarnation) return true;
  const { expired, rewound } = missingOf(order, offsets, bounds);
  return expired.length > 0 || rewound.length > 0;
}

/** Most runs that are remembered as held. */
const MOST_HELD = 10_000;

/** Most runs that are read to find one of an interval: others that touch it are the parts of which it is made. */
const MOST_OF_INTERVAL = 1_000;

/** The reason why an attempt submits nothing: its source lacks what the run is to read, or cannot be asked now. */
export class NotReadable extends Error {
  override readonly cause: SourceError;
  /** Since when the run waits for its source, and when to ask it again, epoch ms; `undefined` if it need not be asked. */
  readonly hold: { readonly since: EpochMs; readonly until: EpochMs } | undefined;
  /** Whether a part of the run is in the target already, so that no other run may read what is left. */
  readonly isWritten: boolean;
  /** Whether a snapshot that waits behind the run reads what is left. */
  readonly isCopiedNext: boolean;
  /** Whether an earlier generation of the run's interval has succeeded: the interval keeps what it has. */
  readonly isReadBefore: boolean;

  constructor(
    cause: SourceError,
    {
      hold,
      isWritten = false,
      isCopiedNext = false,
      isReadBefore = false,
    }: Partial<Omit<NotReadable, keyof Error>> = {},
  ) {
    super(cause.message);
    this.cause = cause;
    this.hold = hold;
    this.isWritten = isWritten;
    this.isCopiedNext = isCopiedNext;
    this.isReadBefore = isReadBefore;
  }
}

/** Dependencies of `SourceCheck`. */
export interface SourceCheckParts {
  readonly clock: Clock;
  readonly looks: Pick<SourceLooks, "bounds" | "recentBounds" | "orderOf">;
  readonly store: Pick<ScheduleStore, "listRuns">;
}

/**
 * Compares runs with their sources before they are submitted: what was readable when a run was planned may have expired
 * while it waited, and a reader may pass over what is gone without an error.
 */
export class SourceCheck {
  readonly #parts: SourceCheckParts;
  /** Runs whose source could not be asked: since when, and how often in a row. */
  readonly #held = new Map<string, { readonly since: EpochMs; readonly times: number }>();

  constructor(parts: SourceCheckParts) {
    this.#parts = parts;
  }

  /**
   * @param run - or a shard of it, with its own id and positions
   * @returns `undefined` if bounds of a moment ago have all of it
   * @throws NotReadable if it must not be submitted now
   */
  check(run: Run, spec: ScheduleSpec): Promise<void> | undefined {
    const { offsets } = run;
    if (offsets === null || spec.source == null) return undefined;
    const { looks } = this.#parts;
    const recent = looks.recentBounds(spec.source);
    if (!(recent instanceof Promise) && !isAnyMissing(looks.orderOf(spec.source), offsets, recent)) {
      this.#held.delete(run.id);
      return undefined;
    }
    return this.#check(run, offsets, spec, spec.source);
  }

  async #check(run: Run, offsets: RunOffsets, spec: ScheduleSpec, source: OffsetSource): Promise<void> {
    try {
      await this.#compare(run, offsets, spec, source);
      this.#held.delete(run.id);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      if (!isMissing(error)) throw new NotReadable(error, { hold: this.#hold(run.id, error) });
      this.#held.delete(run.id);
      throw new NotReadable(error, {
        isCopiedNext: await this.#isCopiedNext(run, spec),
        isReadBefore: mayBeCovered(error, spec) && (await this.#isReadBefore(run)),
      });
    }
  }

  /**
   * Bounds of a moment ago may be older than those by which the run was planned, and some sources tell how far they go only
   * to those who say what was read: that positions are missing is believed only of bounds that are asked for now.
   */
  async #compare(run: Run, offsets: RunOffsets, spec: ScheduleSpec, source: OffsetSource): Promise<void> {
    const { looks } = this.#parts;
    const order = looks.orderOf(source);
    const isFull = readModeOf(run, spec) === "full";
    const compare = (bounds: OffsetBounds): void => refuseMissing(order, spec, offsets, bounds, isFull);
    try {
      return compare(await looks.recentBounds(source));
    } catch (error) {
      if (!(error instanceof SourceError && isMissing(error))) throw error;
    }
    const { incarnation, upper: upTo } = offsets;
    compare(await looks.bounds(source, { incarnation, upTo, at: run.plannedAt }));
  }

  async #isCopiedNext({ groupId, lower, id }: Run, spec: ScheduleSpec): Promise<boolean> {
    if (!hasSnapshots(spec)) return false;
    const copy = await newestSnapshot(this.#parts.store, groupId);
    return copy !== undefined && copy.state !== "SUCCEEDED" && isBehind({ id, lower }, copy);
  }

  async #isReadBefore({ generation, groupId, lower, upper }: Run): Promise<boolean> {
    if (generation === 0) return false;
    const filter = {
      groupId,
      within: { lower, upper },
      states: ["SUCCEEDED"],
      includeSuperseded: false,
    } as const;
    const { items } = await this.#parts.store.listRuns(filter, { limit: MOST_OF_INTERVAL });
    return items.some((run) => run.lower === lower && run.upper === upper);
  }

  #hold(id: string, error: SourceError): NonNullable<NotReadable["hold"]> {
    const now = this.#parts.clock.now();
    const { since, times } = this.#held.get(id) ?? { since: now, times: 0 };
    if (this.#held.size >= MOST_HELD) this.#held.clear();
    this.#held.set(id, { since, times: times + 1 });
    return { since, until: now + lookAgainAfterMs(times, error) };
  }
}

/**
 * Returns the change of a run that was not submitted. If its source cannot be asked, it waits, and the attempt does not
 * count. If positions are lost and the schedule says how to go on, the run is cancelled, and the next plan covers its
 * interval with what is left; the re-run of an interval that has succeeded fails instead, since that keeps what it had. Pure.
 */
export function endUnread(
  attempt: EndedAttempt,
  { cause, hold, isWritten, isCopiedNext, isReadBefore }: NotReadable,
): RunChange {
  const { run, spec, isJobOpen } = attempt;
  const error = boundedError({ code: cause.code, message: cause.message });
  if (hold !== undefined) {
    const reason = `${error.code}: ${error.message}`;
    return heldBack(attempt, { reason, since: hold.since, lookAgainAt: hold.until });
  }
  if (!mayBeCovered(cause, spec) || isReadBefore || isJobOpen || isWritten)
    return failedUnread(attempt, error);
  const message = `${cause.loss} ${spec.onLoss === "record" ? RECORDED : COPIED}`;
  const ended = failedUnread(attempt, boundedError({ code: cause.code, message }));
  return {
    ...ended,
    state: "CANCELLED",
    isBlocking: !isCopiedNext && keepsTurn(run, spec),
    reason: "source-expired",
  };
}

/** Returns the change of a run that was not submitted and waits until an instant; the attempt does not count. Pure. */
export function heldBack(
  { run, token, endedAt, isJobOpen }: EndedAttempt,
  wait: RunWait & { readonly lookAgainAt: EpochMs },
): RunChange {
  return {
    id: run.id,
    from: ["SUBMITTING", "RUNNING"],
    token,
    state: "PLANNED",
    at: endedAt,
    place: "ready",
    readyAt: wait.lookAgainAt,
    wait,
    isJobOpen,
    // That a job may be open is known of the next attempt by its number.
    attempt: Math.max(run.attempt - 1, isJobOpen ? 1 : 0),
    startedAt: null,
    jobId: null,
    jobAddress: null,
  };
}

const RECORDED = "The next plan records them as lost and reads the rest.";
const COPIED = "The next plan copies everything anew.";

function failedUnread(attempt: EndedAttempt, error: RunError): RunChange {
  return endAttempt({ ...attempt, outcome: { state: "FAILED", error, isRetryable: false } });
}

/** Returns whether the runs behind a cancelled one wait for what the next plan makes of it: a copy comes with what is owed next. */
function keepsTurn({ kind }: Run, spec: ScheduleSpec): boolean {
  return kind === "SCHEDULED" && spec.onLoss === "record" && keepsOrder(spec);
}

/** Returns whether the next plan may go on without what the source has lost. */
function mayBeCovered(error: SourceError, { onLoss }: ScheduleSpec): error is ExpiredWhileWaiting {
  return error instanceof ExpiredWhileWaiting && onLoss !== "fail";
}
