import type { EpochMs } from "@tidegate/core";
import { overlapsOf } from "@tidegate/core/interval";
import {
  type ClaimQueue,
  type ClaimRequest,
  type DueFire,
  type DueQuery,
  gatedSince,
  isBehind,
  isLagging,
  mayRunBeside,
  maySupersede,
  type NewRun,
  type PlanAnswer,
  type PlanCommit,
  queueOf,
} from "@tidegate/core/store";
import { claimedAsPlanned, hasTwins } from "@tidegate/store-kit";
import { insertClaimed } from "./claimed-rows.js";
import type { LanePart, Rival } from "./lanes.js";
import { lateAmong } from "./late-runs.js";
import { OffsetTexts } from "./offset-texts.js";
import { type Entry, gatingNo, insertRun, type RunRow } from "./run-rows.js";
import { isSealAsRead } from "./seals.js";
import { hasOpen, newestSnapshot, standingFor } from "./standing.js";
import type { Statements, Value } from "./statements.js";
import { supersede, supersedeRow } from "./supersede.js";
import type { Tables } from "./tables.js";

/** The fields of a run that decide whether a plan may supersede it. */
type CoveredRow = Pick<
  RunRow,
  "id" | "group_no" | "kind" | "place" | "lower" | "upper" | "state" | "is_superseded"
>;

const NONE: readonly string[] = [];

const COVERED =
  "SELECT id, group_no, kind, place, lower, upper, state, is_superseded FROM run WHERE id = ? AND group_no = ?";

const ADVANCE =
  "UPDATE schedule_state SET watermark = ?, next_fire_at = ?, longest_run_ms = ?, run_count = run_count + ?, late_runs = late_runs + ?, waits_since = ? WHERE no = ?";

const ADVANCE_WITH_OFFSETS = ADVANCE.replace("waits_since = ?", "waits_since = ?, offsets = ?");

/** A claim of the run that a commit plans. */
export type PlanClaim = Pick<ClaimRequest, "now" | "leaseUntil">;

/**
 * Moves one watermark and inserts the runs that tile what it passed. Refuses, with nothing written, if it has
 * moved.
 *
 * @param claim - of the only run of a plain plan, which is claimed if it would be ready at once
 */
export function planOne(tables: Tables, commit: PlanCommit, claim?: PlanClaim): PlanAnswer {
  const { statements, groups, states, lanes, sleepers } = tables;
  const no = groups.numberOf(commit.groupId);
  const state = no === undefined ? undefined : states.of(no);
  if (no === undefined || state === undefined) return "refused";
  if (state.version !== commit.version || state.watermark !== commit.watermark) return "refused";
  const { whilePaused = false, supersedes = NONE, runs, plannedAt } = commit;
  if (state.incarnation !== commit.incarnation) return "refused";
  if (whilePaused ? !isPaused(statements, no) : state.is_planning !== 1) return "refused";
  const covered = supersedes.map((id) => statements.get<CoveredRow>(COVERED, id, no));
  if (!covered.every((row) => row !== undefined && mayCover(runs, row))) return "refused";
  if (commit.unlessOpen !== undefined && hasOpen(tables, no, commit.unlessOpen)) return "refused";
  if (commit.seal !== undefined && !isSealAsRead(tables, commit.groupId, commit)) return "refused";
  let places = lanes.freePlaces(no, state.lane_width);
  let longest = state.longest_run_ms;
  let placesTaken = lanes.of(no).admitted.length;
  let lags: boolean | undefined;
  let isTurnKept = places > 0 && lanes.keepsTurn(no);
  let hasSkipped = false;
  let answer: PlanAnswer = "planned";
  const texts = new OffsetTexts();
  const entered: { run: NewRun; part: LanePart }[] = [];
  let index = 0;
  for (const run of runs) {
    let entry: Entry = { place: "none" };
    const isBeside = run.state === "PLANNED" && run.kind !== "SCHEDULED";
    if (isBeside) {
      entry = entryBeside(run);
    } else if (run.state === "PLANNED" && places > 0 && !isTurnKept && isGated(run)) {
      entry = gatedEntry("live", plannedAt);
      isTurnKept = run.gating === "in-turn";
    } else if (run.state === "PLANNED" && places > 0 && !isTurnKept) {
      lags ??= isLagging(run, plannedAt, state.delay_ms);
      const queue = queueOf({ kind: run.kind, wasClaimed: false, isLagging: lags, placesTaken });
      entry = { place: "ready", queue, readyAt: plannedAt };
    } else if (run.state === "PLANNED") {
      entry = { place: "waiting", wait: { reason: "lane", since: run.plannedAt } };
    }
    if (entry.place === "ready" && claim !== undefined) {
      const row = insertClaimed(statements, no, run, entry.queue, claim, texts);
      if (row === undefined) return "refused";
      tables.held.add(row);
      answer = claimedAsPlanned(run, claim);
    } else if (!insertRun(statements, no, run, entry, texts)) {
      removeRuns(statements, runs.slice(0, index));
      return "refused";
    }
    index += 1;
    longest = Math.max(longest, run.upper - run.lower);
    if (entry.place === "none") {
      hasSkipped = true;
      continue;
    }
    if (isBeside) {
      entered.push({ run, part: "beside" });
      continue;
    }
    if (entry.place === "ready") {
      places -= 1;
      placesTaken += 1;
    }
    entered.push({ run, part: entry.place === "ready" ? "admitted" : entry.place });
  }
  const waitsSince = commit.waits === true ? plannedAt : null;
  const late = lateAmong(runs, state.delay_ms);
  const { newWatermark, nextFireAt, offsets } = commit;
  const values: Value[] = [newWatermark, nextFireAt, longest, runs.length, late, waitsSince];
  if (offsets !== undefined) values.push(texts.ofWatermark(offsets));
  values.push(no);
  statements.execute(offsets === undefined ? ADVANCE : ADVANCE_WITH_OFFSETS, values);
  state.watermark = newWatermark;
  state.next_fire_at = nextFireAt;
  state.longest_run_ms = longest;
  if (offsets !== undefined) state.epoch = offsets.epoch;
  for (const { run, part } of entered) {
    if (part === "waiting") lanes.wait(no, asRival(run), plannedAt);
    else lanes.move(no, run.id, "none", part, plannedAt);
  }
  for (const row of covered) supersedeRow(tables, row!, plannedAt);
  if (hasSkipped && !sleepers.isEmpty) sleepers.wake(commit.groupId);
  if (hasSkipped)
    for (const run of runs) if (run.state === "SUCCEEDED") tables.inputs.mark(commit.groupId, run, plannedAt);
  return answer;
}

function asRival({ id, lower, generation, upper, kind, intervals, scheduledTime, gating }: NewRun): Rival {
  const at = { id, lower, generation, upper, kind, intervals, place: "waiting" } as const;
  return { ...at, scheduled_time: scheduledTime, token: 0, gating: gatingNo(gating) };
}

function mayCover(runs: readonly NewRun[], { is_superseded, ...row }: CoveredRow): boolean {
  return maySupersede(runs, { ...row, isSuperseded: is_superseded === 1 });
}

function isPaused(statements: Statements, no: number): boolean {
  return statements.get("SELECT 1 FROM schedule WHERE no = ? AND status = 'PAUSED'", no) !== undefined;
}

function isGated({ gating = "none" }: NewRun): boolean {
  return gating !== "none";
}

function gatedEntry(queue: ClaimQueue, at: EpochMs): Entry {
  return { place: "gated", queue, wait: gatedSince(at), lookAt: at };
}

/** A run beside the lane is ready at once, or gated. */
function entryBeside(run: NewRun): Entry {
  const { kind, plannedAt } = run;
  const queue = queueOf({ kind, wasClaimed: false, isLagging: false, placesTaken: 0 });
  if (isGated(run)) return gatedEntry(queue, plannedAt);
  return { place: "ready", queue, readyAt: plannedAt };
}

/** Returns whether a group has the ledger that a caller has read, if it names one. */
export function isOfLedger(
  { states }: Tables,
  no: number | undefined,
  incarnation: string | undefined,
): boolean {
  return incarnation === undefined || (no !== undefined && states.of(no)?.incarnation === incarnation);
}

/** Inserts a run beside the lane; it supersedes what has not succeeded of its interval. */
export function insertBeside(tables: Tables, run: NewRun): boolean {
  const { statements, groups, states, lanes } = tables;
  const no = groups.numberOf(run.groupId);
  const { id, state, plannedAt } = run;
  if (no === undefined) return false;
  const isPlanned = state === "PLANNED";
  const held: Entry = { place: "waiting", wait: { reason: "lane", since: plannedAt } };
  const planned = lanes.holds(no, run.kind) ? held : entryBeside(run);
  if (!insertRun(statements, no, run, isPlanned ? planned : { place: "none" })) return false;
  if (isPlanned) lanes.move(no, id, "none", "beside", plannedAt);
  const length = run.upper - run.lower;
  statements.run(
    "UPDATE schedule_state SET longest_run_ms = max(longest_run_ms, ?), run_count = run_count + 1, late_runs = late_runs + ? WHERE no = ?",
    length,
    lateAmong([run], lanes.delayOf(no)),
    no,
  );
  states.forget(no);
  if (run.generation > 0) {
    const { lower, upper, generation } = run;
    supersede(tables, { group_no: no, lower, upper, generation }, "unsuccessful", plannedAt);
  }
  return true;
}

/**
 * Returns whether all of these runs are new, by id and by interval and generation, and none is given twice.
 */
function areNew({ statements, groups }: Tables, runs: readonly NewRun[]): boolean {
  if (hasTwins(runs)) return false;
  const text = `SELECT 1 FROM run WHERE id = ?
    UNION ALL SELECT 1 FROM run WHERE group_no = ? AND lower = ? AND generation = ? AND upper = ?`;
  return runs.every(({ id, groupId, lower, generation, upper }) => {
    const no = groups.numberOf(groupId) ?? null;
    return statements.get(text, id, no, lower, generation, upper) === undefined;
  });
}

/** Returns whether all of these runs of one group may be inserted beside the live lane. */
export function mayInsertBeside(tables: Tables, runs: readonly NewRun[]): boolean {
  const { statements, groups } = tables;
  if (!areNew(tables, runs) || overlapsOf(runs).length > 0) return false;
  return runs.every((run) => {
    const no = groups.numberOf(run.groupId);
    if (no === undefined || !mayRunBeside(run, standingFor(statements, { ...run, group_no: no })))
      return false;
    return !isBehind(run, newestSnapshot(statements, no));
  });
}

/** Removes runs that were inserted in the same write. */
function removeRuns(statements: Statements, runs: readonly NewRun[]): void {
  for (const { id } of runs) statements.run("DELETE FROM run WHERE id = ?", id);
}

/** Makes groups due whose planning waited for runs to end when the previous process ended. */
export function resumeWaiting(statements: Statements): void {
  statements.run(
    "UPDATE schedule_state SET next_fire_at = waits_since + 1, waits_since = NULL WHERE waits_since < next_fire_at - 1 AND is_planning = 1",
  );
}

interface DueRow {
  readonly no: number;
  readonly group_id: string;
  readonly version: number;
  readonly engine: string;
  readonly next_fire_at: number;
  readonly delay_ms: number;
}

/** Returns due fires, earliest first, and caches their groups' numbers: the caller will plan them next. */
export function dueFires(
  { statements, groups }: Tables,
  { before, from, engine, limit }: DueQuery,
): DueFire[] {
  const rows = statements.all<DueRow>(
    `SELECT t.no, s.group_id, t.version, s.engine, t.next_fire_at, t.delay_ms
      FROM schedule_state t CROSS JOIN schedule s ON s.no = t.no
      WHERE t.is_planning = 1 AND t.next_fire_at IS NOT NULL AND t.next_fire_at <= ? AND t.next_fire_at >= ?
      ${engine === undefined ? "" : "AND s.engine = ?"}
      ORDER BY t.next_fire_at LIMIT ?`,
    before,
    from ?? Number.MIN_SAFE_INTEGER,
    ...(engine === undefined ? [limit] : [engine, limit]),
  );
  return rows.map(({ no, group_id, version, engine: type, next_fire_at, delay_ms }) => {
    groups.remember(group_id, no);
    return {
      groupId: group_id,
      version,
      engine: type,
      fireAt: next_fire_at,
      scheduledTime: next_fire_at - delay_ms,
    };
  });
}
