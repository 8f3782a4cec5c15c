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

/** Checks what must hold for a store after each operation, whatever came before. */
export async function expectInvariants(player: Player, before: ReadonlyMap<string, number>): Promise<void> {
  const all = await allRuns(player.store);
  for (const groupId of GROUPS) {
    const schedule = await scheduleOf(player.store, groupId);
    const view = { schedule, runs: all.filter((run) => run.groupId === groupId) };
    expectCounts(view);
    expectLane(view, player.laneWidths.get(groupId)!, before.get(groupId) ?? 0);
    expectTiles(view, player.covered);
    expectOneOpenRunPerInterval(view);
    expectPlaces(view, player.laneWidths.get(groupId)!);
    await expectBackfill(player, view);
    expectCoverage(view, await player.store.coverage(groupId));
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

/** Fails unless the counts of a schedule match its runs. */
function expectCounts({ schedule, runs }: GroupView): void {
  const lane = runs.filter(({ kind }) => kind === "SCHEDULED");
  const { admittedRuns: admitted, waitingRuns: waiting, blockingRuns: blocking } = schedule;
  const { gatedRuns: gated } = schedule;
  expect({ admitted, gated, waiting, blocking }).toEqual({
    admitted: lane.filter(({ place }) => isAdmitted(place)).length,
    gated: lane.filter(({ place }) => place === "gated").length,
    waiting: lane.filter(({ place }) => place === "waiting").length,
    blocking: lane.filter(({ place }) => place === "blocking").length,
  });
}

/**
 * Fails if a run is admitted beyond the width or while another blocks, or if one waits beside a free place
 * although no gated run keeps its turn before it.
 */
function expectLane({ schedule, runs }: GroupView, width: number, admittedBefore: number): void {
  const { admittedRuns, waitingRuns, blockingRuns } = schedule;
  const most = blockingRuns > 0 ? admittedBefore : Math.max(width, admittedBefore);
  expect(admittedRuns).toBeLessThanOrEqual(most);
  if (blockingRuns > 0 || waitingRuns === 0 || admittedRuns >= width) return;
  const [oldest] = runs.filter(
    ({ kind, place }) => kind === "SCHEDULED" && (place === "waiting" || place === "gated"),
  );
  expect({ place: oldest?.place, overlap: schedule.spec.overlap }).toEqual({
    place: "gated",
    overlap: "queue",
  });
}

/**
 * Fails unless the runs of the schedule's own progress, except those that later ones cover, tile the range
 * from its origin to its watermark.
 */
function expectTiles({ schedule, runs }: GroupView, covered: ReadonlySet<string>): void {
  const tiles = runs.filter(({ id, kind }) => kind === "SCHEDULED" && !covered.has(id));
  const uppers = [schedule.origin, ...tiles.map(({ upper }) => upper)];
  expect([...tiles.map(({ lower }) => lower), schedule.watermark]).toEqual(uppers);
}

function expectOneOpenRunPerInterval({ runs }: GroupView): void {
  const open = runs.filter(({ state, isSuperseded }) => !isEnded(state) && !isSuperseded);
  const intervals = open.map(({ lower, upper }) => `${lower}-${upper}`);
  expect(new Set(intervals).size).toBe(intervals.length);
}

/**
 * Fails unless each run's place matches its state, and its times match its place. Each rule is looked at here and
 * not by a matcher, of which there would be hundreds of thousands.
 */
function expectPlaces({ runs }: GroupView, width: number): void {
  const misplaced = runs.map((run) => ({ run, breaks: misplacedBy(run, width) }));
  expect(misplaced.filter(({ breaks }) => breaks.length > 0)).toEqual([]);
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

async function expectBackfill({ store }: Player, { schedule, runs }: GroupView): Promise<void> {
  const { groupId } = schedule.spec;
  const own = runs.filter(({ backfillId }) => backfillId === groupId);
  const openRuns = own.filter(({ state }) => !isEnded(state)).length;
  expect(await store.getBackfill(groupId)).toMatchObject({ plannedRuns: own.length, openRuns });
}

/** Fails unless coverage accounts for each run that is not superseded, once. */
function expectCoverage({ runs }: GroupView, coverage: readonly CoverageRange[]): void {
  const standing = runs.filter(({ isSuperseded }) => !isSuperseded);
  const sum = (parts: readonly { intervals: number }[]): number =>
    parts.reduce((total, { intervals }) => total + intervals, 0);
  expect(coverage.reduce((total, range) => total + range.runs, 0)).toBe(standing.length);
  expect(sum(coverage)).toBe(sum(standing));
  const lengthOf = (parts: readonly { lower: number; upper: number }[]): number =>
    parts.reduce((total, { lower, upper }) => total + upper - lower, 0);
  expect(lengthOf(coverage)).toBe(lengthOf(standing));
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
