import type { EpochMs } from "../clock/clock.js";
import type { DeadlineWatch, KeptDeadline } from "../store/deadline-table.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { DeadlineReason } from "./deadline-record.js";
import { RECHECK_MS } from "./judge.js";
import { changed, type Found } from "./open-records.js";

/** A deadline that moves with what has been reached. */
export interface MovingDeadline {
  readonly subject: "freshness" | "data";
  /** The instant that has been reached, epoch ms: the key of the record if no later one is reached in time. */
  readonly through: EpochMs;
  /** How long after that more has to be reached, ms. */
  readonly withinMs: number;
  /** Whether nothing more is expected. */
  readonly hasEnded: boolean;
  /** When it was reached, if that was after the deadline was missed, epoch ms. */
  readonly metAt: EpochMs;
}

/** Circumstances under which a moving deadline is judged. */
export interface MovingTerms {
  readonly open: readonly KeptDeadline[];
  readonly excuse: DeadlineReason | undefined;
  readonly now: EpochMs;
}

/**
 * Judges a deadline that moves. One that passes while it is excused begins anew at the first look after that: its record
 * is `EXCUSED`, and has a deadline after `since` from then on.
 */
export async function judgeMoving(
  store: Pick<ScheduleStore, "listDeadlines">,
  { groupId, since }: DeadlineWatch,
  { subject, through, withinMs, hasEnded, metAt }: MovingDeadline,
  { open, excuse, now }: MovingTerms,
): Promise<Found> {
  const lost = open.find((record) => record.subject === subject);
  const deadlineAt = hasEnded ? Number.POSITIVE_INFINITY : Math.max(through, since) + withinMs;
  if (deadlineAt > now) {
    const records = lost === undefined ? [] : [endOf(lost, through, metAt, now)];
    return { records, lookAt: deadlineAt };
  }
  const lookAt = now + RECHECK_MS;
  if (lost !== undefined) return { records: [], lookAt };
  const before = await excusedAt(store, groupId, subject, through);
  const pause = before?.reason === "paused" ? before : undefined;
  const hasPauseEnded = pause !== undefined && pause.deadlineAt > pause.since;
  const expectedAt = pause !== undefined && hasPauseEnded ? pause.since + withinMs : deadlineAt;
  if (expectedAt > now) return { records: [], lookAt: expectedAt };
  const told = before?.told ?? "PENDING";
  const record = { groupId, subject, lower: through, upper: through, metAt: null, told, tellAt: null };
  if (excuse !== undefined) {
    if (pause !== undefined && !hasPauseEnded) return { records: [], lookAt };
    const excused = { ...record, deadlineAt: expectedAt, state: "EXCUSED", reason: excuse } as const;
    return { records: [{ ...excused, since: now }], lookAt };
  }
  if (pause !== undefined && !hasPauseEnded) {
    const againAt = now + withinMs;
    return { records: [{ ...pause, deadlineAt: againAt, since: now }], lookAt: againAt };
  }
  const missed = { ...record, deadlineAt: expectedAt, state: "MISSED", reason: null } as const;
  return { records: [{ ...missed, since: now }], lookAt };
}

/** Returns a missed record that has ended: met late if more was reached, and excused if only less is expected. */
function endOf(lost: KeptDeadline, through: EpochMs, metAt: EpochMs, now: EpochMs): KeptDeadline {
  return through > lost.lower
    ? changed(lost, "LATE", null, now, metAt)
    : changed(lost, "EXCUSED", "removed", now, null);
}

async function excusedAt(
  store: Pick<ScheduleStore, "listDeadlines">,
  groupId: string,
  subject: MovingDeadline["subject"],
  through: EpochMs,
): Promise<KeptDeadline | undefined> {
  const within = { lower: through, upper: through + 1 };
  const filter = { groupId, subjects: [subject], states: ["EXCUSED"], within } as const;
  const { items } = await store.listDeadlines(filter, { limit: 1 });
  return items.find(({ lower }) => lower === through);
}
