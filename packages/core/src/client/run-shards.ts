import type { EpochMs } from "../clock/clock.js";
import { summed } from "../dispatch/shard-outcome.js";
import { ScheduleError } from "../errors/errors.js";
import type { JobMetrics } from "../job/job-outcome.js";
import type { Run } from "../run/run.js";
import type { Shard, ShardState, Split } from "../shard/shard.js";
import type { Page, PageRequest } from "../store/page.js";

/** A shard's state as it is shown: `REASSIGNING` if its manager is gone, and the next one will go on with it. */
export type ShownShardState = ShardState | "REASSIGNING";

/** The state of a subtask in OpenMLDB's words. */
export type OpenMldbState = "INIT" | "RUNNING" | "REASSIGNING" | "SUCCESS" | "FAILED";

/** A shard of a run as it is listed. The time that its rows fell in is late data of the run: see `lateData`. */
export interface ListedShard extends Omit<Shard, "state" | "touched"> {
  readonly state: ShownShardState;
  /** The state in OpenMLDB's words. */
  readonly openMldbState: OpenMldbState;
}

/** A filter of shards. All given fields must match. */
export interface ShardFilter {
  readonly states?: readonly ShownShardState[];
}

/** How far the shards of a run have got. */
export interface ShardSummary {
  /** When the run was split, epoch ms. */
  readonly plannedAt: EpochMs;
  /** Names the one view of the source that all shards read, if there is one. */
  readonly snapshotToken: string | null;
  /** When the merge of the shards began, epoch ms; `null` if it has not. */
  readonly mergingAt: EpochMs | null;
  /** How many shards the run has. */
  readonly count: number;
  /** How many shards are in each state; states of none are absent. */
  readonly states: Readonly<Partial<Record<ShownShardState, number>>>;
  /** The figures of the shards that have succeeded, added up. */
  readonly metrics: JobMetrics;
  /**
   * Rows that the latest attempt of the run has read, per second, as far as its shards have ended; `null` if that is not
   * known.
   */
  readonly rowsPerSecond: number | null;
  /** The share of the work that is done, by weight, from 0 to 1. */
  readonly done: number;
  /** When the rest will be done at the rate of the latest attempt, epoch ms; `null` if that is not known, or nothing is left. */
  readonly expectedEndAt: EpochMs | null;
  /** Key of the shard that took or takes longest; `null` if none has begun. */
  readonly slowest: string | null;
}

/** A page of the shards of a run. */
export interface ShardPage extends Page<ListedShard> {
  /** How far all shards of the run have got; `null` if the run is not split. */
  readonly summary: ShardSummary | null;
}

const OPENMLDB: Readonly<Record<ShownShardState, OpenMldbState>> = {
  PLANNED: "INIT",
  SUBMITTING: "RUNNING",
  RUNNING: "RUNNING",
  REASSIGNING: "REASSIGNING",
  SUCCEEDED: "SUCCESS",
  FAILED: "FAILED",
  CANCELLED: "FAILED",
};

const DEFAULT_LIMIT = 100;

/**
 * Returns a page of a run's shards, in the order of the split.
 *
 * @throws ScheduleError ARGUMENT_INVALID if the cursor is not from a page of shards
 */
export function shardPage(
  split: Split | undefined,
  run: Run,
  { filter, page, now }: { readonly filter: ShardFilter; readonly page: PageRequest; readonly now: EpochMs },
): ShardPage {
  if (split === undefined) return { items: [], summary: null };
  const shards = split.shards.map((shard) => listed(shard, run, now));
  const { limit = DEFAULT_LIMIT } = page;
  const items: ListedShard[] = [];
  for (let position = positionOf(page); position < shards.length; position += 1) {
    const shard = shards[position]!;
    if (filter.states !== undefined && !filter.states.includes(shard.state)) continue;
    if (items.length === limit)
      return { items, next: String(position), summary: summaryOf(split, shards, now) };
    items.push(shard);
  }
  return { items, summary: summaryOf(split, shards, now) };
}

function listed({ state, touched: _touched, ...shard }: Shard, run: Run, now: EpochMs): ListedShard {
  const isAtWork = state === "SUBMITTING" || state === "RUNNING";
  const shown = isAtWork && isLeft(run, now) ? "REASSIGNING" : state;
  return { ...shard, state: shown, openMldbState: OPENMLDB[shown] };
}

/** Returns whether nobody holds a run that goes on. */
function isLeft({ state, leaseUntil }: Run, now: EpochMs): boolean {
  if (state === "PLANNED") return true;
  return (state === "SUBMITTING" || state === "RUNNING") && leaseUntil !== null && leaseUntil <= now;
}

function summaryOf(split: Split, shards: readonly ListedShard[], now: EpochMs): ShardSummary {
  const states: Partial<Record<ShownShardState, number>> = {};
  for (const { state } of shards) states[state] = (states[state] ?? 0) + 1;
  const isDone = ({ state }: ListedShard): boolean => state === "SUCCEEDED";
  const whole = weightOf(shards);
  const done = whole === 0 ? 1 : weightOf(shards.filter(isDone)) / whole;
  const pace = paceOf(shards, now);
  const begun = shards.filter(({ submittedAt }) => submittedAt !== null);
  const durationMs = ({ submittedAt, endedAt }: ListedShard): number =>
    (endedAt ?? now) - (submittedAt ?? now);
  const [slowest] = begun.sort((a, b) => durationMs(b) - durationMs(a));
  return {
    plannedAt: split.plannedAt,
    snapshotToken: split.snapshotToken,
    mergingAt: split.mergingAt,
    count: shards.length,
    states,
    metrics: summed(split.shards),
    rowsPerSecond: pace.rowsPerSecond,
    done,
    expectedEndAt:
      done < 1 && pace.weightPerMs > 0 ? Math.round(now + (whole * (1 - done)) / pace.weightPerMs) : null,
    slowest: slowest?.key ?? null,
  };
}

/** Returns how fast the latest attempt of a run works: what earlier ones have done took other time. */
function paceOf(
  shards: readonly ListedShard[],
  now: EpochMs,
): { readonly weightPerMs: number; readonly rowsPerSecond: number | null } {
  const latest = Math.max(0, ...shards.map(({ runAttempt }) => runAttempt));
  const own = shards.filter(({ runAttempt }) => runAttempt === latest);
  const ended = own.filter(({ state }) => state === "SUCCEEDED");
  const begunAt = Math.min(...own.map(({ submittedAt }) => submittedAt ?? now));
  const isOver = own.every(({ endedAt }) => endedAt !== null);
  const tookMs = (isOver ? Math.max(...own.map(({ endedAt }) => endedAt ?? now)) : now) - begunAt;
  if (latest === 0 || tookMs <= 0) return { weightPerMs: 0, rowsPerSecond: null };
  const { rowsRead } = summed(ended);
  return {
    weightPerMs: weightOf(ended) / tookMs,
    rowsPerSecond: rowsRead === undefined ? null : Math.round((rowsRead * 100_000) / tookMs) / 100,
  };
}

function weightOf(shards: readonly { readonly weight: number }[]): number {
  return shards.reduce((sum, { weight }) => sum + weight, 0);
}

function positionOf({ cursor }: PageRequest): number {
  if (cursor === undefined) return 0;
  if (/^\d{1,6}$/.test(cursor)) return Number(cursor);
  throw new ScheduleError("ARGUMENT_INVALID", `cursor: "${cursor}" did not come from a page of shards.`, {
    field: "cursor",
  });
}
