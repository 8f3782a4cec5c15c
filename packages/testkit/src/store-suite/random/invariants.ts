import type { Run, Schedule } from "@tidegate/core";
import { type CoverageRange, isAdmitted, isEnded, sharedTime } from "@tidegate/core/store";
import { expect } from "../../runner.js";
import { allRuns, dueAtGates, LATER, nextLook, nextWake, scheduleOf } from "../conduct.js";
import { GROUPS } from "./operation.js";
import type { Player } from "./player.js";

/** A group as a store holds it. */
interface GroupView {
  readonly schedule: Schedule;
  readonly runs: readonly Run[];
}

/** The contents of a store beside those that must be there, by rule. */
class Findings {
  readonly #found: Record<string, unknown> = {};
  readonly #wanted: Record<string, unknown> = {};

  note(rule: string, found: unknown, wanted: unknown): void {
    this.#found[rule] = found;
    this.#wanted[rule] = wanted;
  }

  /** Fails unless all is as it must be. One matcher compares it: of one for each rule there would be hundreds of thousands. */
  check(): void {
    expect(this.#found).toEqual(this.#wanted);
  }
}

/** Checks what must hold for a store after each operation, whatever came before. */
export async function expectInvariants(player: Player, before: ReadonlyMap<string, number>): Promise<void> {
  const all = await allRuns(player.store);
  for (const groupId of GROUPS) {
    const findings = new Findings();
    const schedule = await scheduleOf(player.store, groupId);
    const view = { schedule, runs: all.filter((run) => run.groupId === groupId) };
    noteCounts(findings, view);
    noteLane(findings, view, player.laneWidths.get(groupId)!, before.get(groupId) ?? 0);
    noteTiles(findings, view, player.covered);
    noteOneOpenRunPerInterval(findings, view);
    notePlaces(findings, view, player.laneWidths.get(groupId)!);
    await noteBackfill(findings, player, view);
    noteCoverage(findings, view, await player.store.coverage(groupId));
    findings.check();
  }
  await expectNextWake(player, all);
}

/** Returns how many runs each lane has admitted. */
export async function admissions({ store }: Player): Promise<ReadonlyMap<string, number>> {
  const schedules = await store.getSchedules(GROUPS);
  return new Map(schedules.map((schedule) => [schedule!.spec.groupId, schedule!.admittedRuns]));
}

/** Returns everything that a store holds, in a form that can be compared between stores. */
export async function everythingOf({ store }: Player): Promise<unknown> {
  const groups = GROUPS.map(async (groupId) => {
    const within = { lower: 0, upper: LATER };
    return {
      versions: await store.listVersions(groupId),
      coverage: (await store.coverage(groupId)).map((range) => JSON.stringify(range)).sort(),
      shared: await sharedTime(store, await store.coverage(groupId, within), { groupId, within }),
      tally: await store.tally(groupId, 1),
    };
  });
  return {
    schedules: (await store.listSchedules({}, {})).items,
    runs: await allRuns(store),
    backfills: await store.listBackfills({}),
    due: (await store.due({ before: LATER, limit: 10 })).map((fire) => JSON.stringify(fire)).sort(),
    nextWake: await nextWake(store),
    gated: (await dueAtGates(store)).map(({ run, lookAt }) => ({ id: run.id, lookAt })),
    groups: await Promise.all(groups),
  };
}

/** Notes whether the counts of a schedule match its runs. */
function noteCounts(findings: Findings, { schedule, runs }: GroupView): void {
  const lane = runs.filter(({ kind }) => kind === "SCHEDULED");
  const { admittedRuns: admitted, waitingRuns: waiting, blockingRuns: blocking } = schedule;
  const { gatedRuns: gated } = schedule;
  const counted = {
    admitted: lane.filter(({ place }) => isAdmitted(place)).length,
    gated: lane.filter(({ place }) => place === "gated").length,
    waiting: lane.filter(({ place }) => place === "waiting").length,
    blocking: lane.filter(({ place }) => place === "blocking").length,
  };
  findings.note("counts its runs", { admitted, gated, waiting, blocking }, counted);
}

/**
 * Notes whether a run is admitted beyond the width or while another blocks, and whether one waits beside a free place
 * although no gated run keeps its turn before it.
 */
function noteLane(
  findings: Findings,
  { schedule, runs }: GroupView,
  width: number,
  admittedBefore: number,
): void {
  const { admittedRuns, waitingRuns, blockingRuns } = schedule;
  const most = blockingRuns > 0 ? admittedBefore : Math.max(width, admittedBefore);
  findings.note("admits no more than it may", admittedRuns, Math.min(admittedRuns, most));
  if (blockingRuns > 0 || waitingRuns === 0 || admittedRuns >= width) return;
  const [oldest] = runs.filter(
    ({ kind, place }) => kind === "SCHEDULED" && (place === "waiting" || place === "gated"),
  );
  const { overlap } = schedule.spec;
  const turn = { place: "gated", overlap: "queue" };
  findings.note("leaves no place free", { place: oldest?.place, overlap }, turn);
}

/**
 * Notes whether the runs of the schedule's own progress, except those that later ones cover, tile the range
 * from its origin to its watermark.
 */
function noteTiles(findings: Findings, { schedule, runs }: GroupView, covered: ReadonlySet<string>): void {
  const tiles = runs.filter(({ id, kind }) => kind === "SCHEDULED" && !covered.has(id));
  const uppers = [schedule.origin, ...tiles.map(({ upper }) => upper)];
  findings.note("tiles", [...tiles.map(({ lower }) => lower), schedule.watermark], uppers);
}

function noteOneOpenRunPerInterval(findings: Findings, { runs }: GroupView): void {
  const open = runs.filter(({ state, isSuperseded }) => !isEnded(state) && !isSuperseded);
  const intervals = open.map(({ lower, upper }) => `${lower}-${upper}`);
  findings.note("has one open run per interval", new Set(intervals).size, intervals.length);
}

/** Notes whether each run's place matches its state, and its times match its place. */
function notePlaces(findings: Findings, { runs }: GroupView, width: number): void {
  const misplaced = runs.map((run) => ({ run, breaks: misplacedBy(run, width) }));
  findings.note(
    "has its runs in their places",
    misplaced.filter(({ breaks }) => breaks.length > 0),
    [],
  );
}

/** Returns the rules that a run's place breaks. */
function misplacedBy(run: Run, width: number): string[] {
  const { state, kind, place, wait } = run;
  const isHeld = place === "waiting" || place === "gated";
  const isOpen = !isEnded(state);
  const rules: Record<string, boolean> = {
    "is active while it is submitted or runs":
      (place === "active") === (state === "SUBMITTING" || state === "RUNNING"),
    "has no place, or blocks, once it has ended": (place === "none" || place === "blocking") === !isOpen,
    "blocks if it is said to": (place === "blocking") === (run.isBlocking && kind === "SCHEDULED"),
    "waits for a lane only if it is in one":
      place !== "waiting" || !(kind === "MANUAL" || (kind === "BACKFILL" && width > 0)),
    "has a time to be claimed while it is ready": (run.readyAt !== null) === (place === "ready"),
    "has a lease while it is active": (run.leaseUntil !== null) === (place === "active"),
    "waits for its lane": place !== "waiting" || wait?.reason === "lane",
    "says why it waits": (wait !== null) === isHeld || (place === "ready" && wait !== null),
  };
  return Object.keys(rules).filter((rule) => !rules[rule]);
}

async function noteBackfill(
  findings: Findings,
  { store }: Player,
  { schedule, runs }: GroupView,
): Promise<void> {
  const { groupId } = schedule.spec;
  const own = runs.filter(({ backfillId }) => backfillId === groupId);
  const openRuns = own.filter(({ state }) => !isEnded(state)).length;
  const backfill = await store.getBackfill(groupId);
  const counts = { plannedRuns: backfill?.plannedRuns, openRuns: backfill?.openRuns };
  findings.note("counts the runs of its backfill", counts, { plannedRuns: own.length, openRuns });
}

/** Notes whether coverage accounts for each run that is not superseded, once. */
function noteCoverage(findings: Findings, { runs }: GroupView, coverage: readonly CoverageRange[]): void {
  const standing = runs.filter(({ isSuperseded }) => !isSuperseded);
  const sum = (parts: readonly { intervals: number }[]): number =>
    parts.reduce((total, { intervals }) => total + intervals, 0);
  const lengthOf = (parts: readonly { lower: number; upper: number }[]): number =>
    parts.reduce((total, { lower, upper }) => total + upper - lower, 0);
  const runsOf = (ranges: readonly CoverageRange[]): number =>
    ranges.reduce((total, range) => total + range.runs, 0);
  const covered = { runs: runsOf(coverage), intervals: sum(coverage), length: lengthOf(coverage) };
  const wanted = { runs: standing.length, intervals: sum(standing), length: lengthOf(standing) };
  findings.note("covers its runs once", covered, wanted);
}

async function expectNextWake({ store, now }: Player, runs: readonly Run[]): Promise<void> {
  const isFresh = runs.some(
    ({ place, history, attempt }) => place === "ready" && attempt + history.length === 0,
  );
  const times = runs.map(({ readyAt, leaseUntil }) => readyAt ?? leaseUntil).filter((time) => time !== null);
  const gated = await dueAtGates(store, { now: Number.MAX_SAFE_INTEGER, limit: 1_000 });
  expect(gated.map(({ run }) => run.id).sort()).toEqual(
    runs.flatMap(({ id, place }) => (place === "gated" ? [id] : [])).sort(),
  );
  expect(await nextLook(store)).toBe(gated[0]?.lookAt);
  const next = await nextWake(store, now);
  if (times.length === 0) expect(next).toBeUndefined();
  else if (isFresh) expect(next).toBe(now);
  else expect(next).toBe(Math.max(now, Math.min(...times)));
}
