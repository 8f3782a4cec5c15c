import { describe, expect, it } from "@jest/globals";
import {
  decidePlan,
  MAX_RUNS_PER_PLAN,
  PLANNED_AHEAD,
  type PlanDecision,
  RECHECK_MS,
} from "../../src/planning/plan-decision.js";
import { Grid } from "../../src/schedule/grid.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { HOUR, MINUTE, SECOND, T0 } from "../support/instants.js";
import { hourly, specOf } from "../support/schedules.js";

interface Situation extends Partial<ScheduleInfo> {
  readonly watermarkHour?: number;
  readonly nowHour: number;
  readonly openRuns?: number;
  readonly blockingRuns?: number;
  readonly nextFireAt?: number;
  readonly ahead?: number;
  readonly aheadIfBehind?: number;
}

/** What an hourly schedule decides, with times given in hours since T0. */
function decide({
  watermarkHour = 0,
  nowHour,
  openRuns = 0,
  blockingRuns = 0,
  nextFireAt,
  ahead,
  aheadIfBehind,
  ...info
}: Situation): PlanDecision {
  const spec = specOf(hourly("g", info));
  return decidePlan({
    spec,
    grid: new Grid(spec),
    watermark: T0 + watermarkHour * HOUR,
    now: T0 + nowHour * HOUR,
    openRuns,
    blockingRuns,
    ...(nextFireAt === undefined ? {} : { nextFireAt }),
    ...(ahead === undefined ? {} : { ahead }),
    ...(aheadIfBehind === undefined ? {} : { aheadIfBehind }),
  });
}

const inHours = ({ runs }: PlanDecision) =>
  runs.map(({ lower, upper, state, reason }) => [
    (lower - T0) / HOUR,
    (upper - T0) / HOUR,
    reason === null ? state : `${state} ${reason}`,
  ]);
const hour = (instant: number | null) => (instant === null ? null : (instant - T0) / HOUR);

function expectTiled(decision: PlanDecision, watermarkHour = 0): void {
  let lower = T0 + watermarkHour * HOUR;
  for (const run of decision.runs) {
    expect(run.lower).toBe(lower);
    lower = run.upper;
  }
  expect(decision.newWatermark).toBe(lower);
}

describe("a fire", () => {
  it("plans nothing before the interval is over, and says when it will be", () => {
    const decision = decide({ nowHour: 0.5 });
    expect(decision).toMatchObject({ outcome: "nothing", runs: [], newWatermark: T0, hasMore: false });
    expect(hour(decision.nextFireAt)).toBe(1);
  });

  it("plans the interval at the very instant that it ends", () => {
    const decision = decide({ nowHour: 1 });
    expect(inHours(decision)).toEqual([[0, 1, "PLANNED"]]);
    expect(decision.runs[0]).toMatchObject({ intervals: 1, scheduledTime: T0 + HOUR });
    expect(hour(decision.nextFireAt)).toBe(2);
  });

  it("plans an interval not before its delay has passed", () => {
    const delayMs = 10 * MINUTE;
    expect(decide({ nowHour: 1 + 9 / 60, delayMs }).outcome).toBe("nothing");
    const due = decide({ nowHour: 1 + 10 / 60, delayMs });
    expect(inHours(due)).toEqual([[0, 1, "PLANNED"]]);
    expect(due.nextFireAt).toBe(T0 + 2 * HOUR + delayMs);
  });

  it("plans an interval as it begins with fireAt interval-start", () => {
    const decision = decide({ nowHour: 0, fireAt: "interval-start" });
    expect(inHours(decision)).toEqual([[0, 1, "PLANNED"]]);
    expect(decision.runs[0]?.scheduledTime).toBe(T0);
    expect(hour(decision.nextFireAt)).toBe(1);
  });

  it("that is the last leaves no next one", () => {
    const decision = decide({ nowHour: 5, watermarkHour: 2, endTime: T0 + 2.5 * HOUR });
    expect(inHours(decision)).toEqual([[2, 2.5, "PLANNED"]]);
    expect(decision.nextFireAt).toBeNull();
    expect(decide({ nowHour: 9, watermarkHour: 2.5, endTime: T0 + 2.5 * HOUR })).toMatchObject({
      outcome: "nothing",
      nextFireAt: null,
    });
  });

  it("plans the empty last interval of an inclusive end once", () => {
    const decision = decide({ nowHour: 9, endTime: T0 + 2 * HOUR, endRule: "inclusive" });
    expect(inHours(decision)).toEqual([
      [0, 1, "PLANNED"],
      [1, 2, "PLANNED"],
      [2, 2, "PLANNED"],
    ]);
    expect(decision).toMatchObject({ nextFireAt: null, hasMore: false });
  });
});

describe("catch-up", () => {
  it("runs one interval per missed fire, oldest first, with each", () => {
    const decision = decide({ nowHour: 3.5 });
    expect(inHours(decision)).toEqual([
      [0, 1, "PLANNED"],
      [1, 2, "PLANNED"],
      [2, 3, "PLANNED"],
    ]);
    expect(hour(decision.nextFireAt)).toBe(4);
  });

  it("makes one run over all with coalesce, named by the newest", () => {
    const decision = decide({ nowHour: 3.5, catchup: "coalesce" });
    expect(inHours(decision)).toEqual([[0, 3, "PLANNED catchup-coalesced"]]);
    expect(decision.runs[0]).toMatchObject({ intervals: 3, scheduledTime: T0 + 3 * HOUR });
  });

  it("runs the newest with drop, and accounts for the others", () => {
    const decision = decide({ nowHour: 3.5, catchup: "drop" });
    expect(inHours(decision)).toEqual([
      [0, 2, "SKIPPED catchup-dropped"],
      [2, 3, "PLANNED"],
    ]);
    expect(decision.runs[0]?.intervals).toBe(2);
    expectTiled(decision);
  });

  it.each(["each", "coalesce", "drop"] as const)(
    "says nothing special of a single interval (%s)",
    (catchup) => {
      expect(inHours(decide({ nowHour: 1.5, catchup }))).toEqual([[0, 1, "PLANNED"]]);
    },
  );

  it("reaches no further back than its window, to the millisecond", () => {
    const window = { catchupWindowMs: 2 * HOUR };
    const inside = decide({ nowHour: 4, ...window });
    expect(inHours(inside)).toEqual([
      [0, 1, "SKIPPED catchup-window"],
      [1, 2, "PLANNED"],
      [2, 3, "PLANNED"],
      [3, 4, "PLANNED"],
    ]);
    const past = decide({ nowHour: 4 + 1 / HOUR, ...window });
    expect(inHours(past).slice(0, 2)).toEqual([
      [0, 2, "SKIPPED catchup-window"],
      [2, 3, "PLANNED"],
    ]);
  });

  it("skips everything where all is older than the window", () => {
    const decision = decide({ nowHour: 3.9, catchupWindowMs: MINUTE, catchup: "coalesce" });
    expect(inHours(decision)).toEqual([[0, 3, "SKIPPED catchup-window"]]);
    expectTiled(decision);
  });

  it("coalesces within its window", () => {
    const decision = decide({ nowHour: 4.5, catchupWindowMs: 2 * HOUR, catchup: "coalesce" });
    expect(inHours(decision)).toEqual([
      [0, 2, "SKIPPED catchup-window"],
      [2, 4, "PLANNED catchup-coalesced"],
    ]);
  });

  it("counts the window from when an interval is due, its delay included", () => {
    const decision = decide({ nowHour: 3, delayMs: 30 * MINUTE, catchupWindowMs: 2 * HOUR });
    expect(inHours(decision)).toEqual([
      [0, 1, "PLANNED"],
      [1, 2, "PLANNED"],
    ]);
  });
});

describe("overlap with an open run", () => {
  it.each(["queue", "allow"] as const)("%s plans on", (overlap) => {
    expect(inHours(decide({ nowHour: 2, watermarkHour: 1, openRuns: 1, overlap }))).toEqual([
      [1, 2, "PLANNED"],
    ]);
  });

  it("drop gives the interval up as a skipped run", () => {
    const decision = decide({ nowHour: 3, watermarkHour: 1, openRuns: 1, overlap: "drop" });
    expect(inHours(decision)).toEqual([[1, 3, "SKIPPED overlap-dropped"]]);
    expectTiled(decision, 1);
  });

  it("drop runs the interval where nothing is open", () => {
    expect(inHours(decide({ nowHour: 2, watermarkHour: 1, overlap: "drop" }))).toEqual([[1, 2, "PLANNED"]]);
  });

  it("coalesce-pending waits, cancels nothing, and leaves the watermark", () => {
    const decision = decide({ nowHour: 2, watermarkHour: 1, openRuns: 1, overlap: "coalesce-pending" });
    expect(decision).toMatchObject({ outcome: "deferred", runs: [], cancelsActive: false });
    expect(hour(decision.newWatermark)).toBe(1);
  });

  it("coalesce-pending merges what waited into one run", () => {
    const decision = decide({ nowHour: 4, watermarkHour: 1, overlap: "coalesce-pending" });
    expect(inHours(decision)).toEqual([[1, 4, "PLANNED overlap-coalesced"]]);
  });

  it("cancel-running has nothing to cancel while only a failed run is in the way", () => {
    const lane = { openRuns: 1, blockingRuns: 1, overlap: "cancel-running" } as const;
    const decision = decide({ nowHour: 2, watermarkHour: 1, ...lane });
    expect(decision).toMatchObject({ outcome: "deferred", cancelsActive: false });
  });

  it("cancel-running wants the active run out of the way", () => {
    const decision = decide({ nowHour: 2, watermarkHour: 1, openRuns: 1, overlap: "cancel-running" });
    expect(decision).toMatchObject({ outcome: "deferred", runs: [], cancelsActive: true });
  });

  it("waits for nothing while nothing is owed", () => {
    const decision = decide({ nowHour: 1.5, watermarkHour: 1, openRuns: 1, overlap: "cancel-running" });
    expect(decision).toMatchObject({ outcome: "nothing", cancelsActive: false });
  });

  it("asks again after a minute or at the next nominal time, whichever comes first", () => {
    const waiting = { watermarkHour: 1, openRuns: 1, overlap: "coalesce-pending" } as const;
    expect(decide({ nowHour: 2, ...waiting }).nextFireAt).toBe(T0 + 2 * HOUR + MINUTE);
    const close = 3 - 10 / 3_600;
    expect(decide({ nowHour: close, ...waiting }).nextFireAt).toBe(T0 + 3 * HOUR);
    const spec = specOf(hourly("g", { overlap: "coalesce-pending", endTime: T0 + 2 * HOUR }));
    const ended = decidePlan({
      spec,
      grid: new Grid(spec),
      watermark: T0 + HOUR,
      now: T0 + 9 * HOUR,
      openRuns: 1,
    });
    expect(ended.nextFireAt).toBe(T0 + 9 * HOUR + MINUTE);
  });
});

describe("a start that lies behind the watermark", () => {
  it("is where the schedule goes on, and the time before it is a skipped run", () => {
    const later = { watermarkHour: 2, startTime: T0 + 5 * HOUR };
    expect(decide({ nowHour: 5.5, ...later })).toMatchObject({
      outcome: "nothing",
      newWatermark: T0 + 2 * HOUR,
      nextFireAt: T0 + 6 * HOUR,
    });
    const decision = decide({ nowHour: 7, ...later });
    expect(inHours(decision)).toEqual([
      [2, 5, "SKIPPED not-scheduled"],
      [5, 6, "PLANNED"],
      [6, 7, "PLANNED"],
    ]);
    expect(decision.newWatermark).toBe(T0 + 7 * HOUR);
  });
});

describe("the limits of a step", () => {
  const everySecond = { trigger: { type: "period", every: 1, unit: "second" } } as const;
  const allow = { overlap: "allow", maxActiveRuns: 1_000 } as const;

  it("plans at most so many runs, and waits for them with the rest", () => {
    const decision = decide({ nowHour: 1, ...everySecond, ...allow });
    expect(decision.runs).toHaveLength(MAX_RUNS_PER_PLAN);
    expect(decision).toMatchObject({ waits: true, nextFireAt: T0 + HOUR + RECHECK_MS });
    expectTiled(decision);
  });

  it("says that there is no more where the owed fit exactly", () => {
    const decision = decide({ nowHour: MAX_RUNS_PER_PLAN / 3_600, ...everySecond, ...allow });
    expect(decision.runs).toHaveLength(MAX_RUNS_PER_PLAN);
    expect(decision).toMatchObject({ hasMore: false, waits: false });
  });

  it.each([
    [{}, 0, 1 + PLANNED_AHEAD],
    [{}, 1, PLANNED_AHEAD],
    [{}, PLANNED_AHEAD, 1],
    [{ overlap: "allow", maxActiveRuns: 5 }, 4, 1 + PLANNED_AHEAD],
  ] as const)(
    "plans a backlog only a little ahead of its lane (%j with %d open: %d)",
    (policy, openRuns, count) => {
      const decision = decide({ nowHour: 1, ...everySecond, ...policy, openRuns });
      expect(decision.runs).toHaveLength(count);
      expect(decision).toMatchObject({ hasMore: false, waits: true, nextFireAt: T0 + HOUR + RECHECK_MS });
      expectTiled(decision);
    },
  );

  it.each([
    [{}, 0, 1],
    [{ overlap: "allow", maxActiveRuns: 5 }, 3, 2],
  ] as const)(
    "plans no more than can begin if nothing is planned ahead (%j with %d open: %d)",
    (policy, openRuns, count) => {
      const decision = decide({ nowHour: 1, ...everySecond, ...policy, openRuns, ahead: 0 });
      expect(decision.runs).toHaveLength(count);
      expect(decision).toMatchObject({ hasMore: false, waits: true });
      expectTiled(decision);
    },
  );

  it("plans only what can begin if it is behind, and ahead of its lane if it is on time", () => {
    const input = { ...everySecond, openRuns: 1, aheadIfBehind: 0 };
    const onTime = decide({ ...input, nowHour: 1 / 3_600 });
    expect(onTime).toMatchObject({ outcome: "planned", runs: [{ intervals: 1 }] });
    const behind = decide({ ...input, nowHour: 2 / 3_600 });
    expect(behind).toMatchObject({ outcome: "deferred", waits: true });
    expect(decide({ ...input, nowHour: 2 / 3_600, openRuns: 0 }).runs).toHaveLength(1);
  });

  it("defers if nothing is planned ahead and the lane has an active run", () => {
    const decision = decide({ nowHour: 1, ...everySecond, openRuns: 1, ahead: 0 });
    expect(decision).toMatchObject({ outcome: "deferred", newWatermark: T0, waits: true });
  });

  it("defers where the lane is full, with the watermark where it was", () => {
    const decision = decide({ nowHour: 1, ...everySecond, openRuns: 1 + PLANNED_AHEAD });
    expect(decision).toMatchObject({ outcome: "deferred", runs: [], newWatermark: T0, cancelsActive: false });
    expect(decision.nextFireAt).toBe(T0 + HOUR + RECHECK_MS);
    expect(decision.waits).toBe(true);
  });

  it("coalesces any number in one step", () => {
    const decision = decide({ nowHour: 24, ...everySecond, catchup: "coalesce" });
    expect(decision.runs).toHaveLength(1);
    expect(decision.runs[0]?.intervals).toBe(86_400);
    expect(decision.hasMore).toBe(false);
  });

  it.each(["coalesce", "drop"] as const)(
    "makes one run of what is owed since the beginning of time (%s)",
    (catchup) => {
      const startTime = -8_640_000_000_000_000;
      const spec = specOf(hourly("g", { ...everySecond, startTime, catchup }));
      const decision = decidePlan({ spec, grid: new Grid(spec), watermark: startTime, now: T0, openRuns: 0 });
      const owed = (T0 - startTime) / SECOND;
      expect(decision.runs.map(({ intervals, state }) => [intervals, state])).toEqual(
        catchup === "coalesce"
          ? [[owed, "PLANNED"]]
          : [
              [owed - 1, "SKIPPED"],
              [1, "PLANNED"],
            ],
      );
      expect(decision).toMatchObject({
        newWatermark: T0,
        nextFireAt: T0 + SECOND,
        hasMore: false,
        waits: false,
      });
    },
  );

  it("makes one skipped run of all that is older than the window, with each", () => {
    const decision = decide({ nowHour: 8_000, ...everySecond, catchupWindowMs: HOUR });
    expect(decision.runs[0]).toMatchObject({ intervals: 7_999 * 3_600 - 1, reason: "catchup-window" });
    expect(decision.runs).toHaveLength(2 + PLANNED_AHEAD);
    expectTiled(decision);
  });
});

describe("a catch-up window of nothing", () => {
  it.each([1, 400, 45 * SECOND, 60 * SECOND])("gives nothing up that is planned %d ms late", (lateMs) => {
    const decision = decide({ nowHour: 1 + lateMs / HOUR, catchupWindowMs: 0 });
    expect(inHours(decision)).toEqual([[0, 1, "PLANNED"]]);
  });

  it("gives up what is later than twice the engine's grace", () => {
    const late = { nowHour: 1 + (60 * SECOND + 1) / HOUR, catchupWindowMs: 0 };
    expect(inHours(decide(late))).toEqual([[0, 1, "SKIPPED catchup-window"]]);
    expect(inHours(decide({ ...late, engineGraceMs: 31 * SECOND }))).toEqual([[0, 1, "PLANNED"]]);
  });

  it("gives nothing up behind what an earlier look has kept", () => {
    const later = { nowHour: 9, watermarkHour: 3, catchupWindowMs: 2 * HOUR };
    expect(inHours(decide(later))[0]).toEqual([3, 6, "SKIPPED catchup-window"]);
    const left = decide({ ...later, nextFireAt: T0 + 8 * HOUR + RECHECK_MS });
    expect(inHours(left)).toEqual([
      [3, 4, "PLANNED"],
      [4, 5, "PLANNED"],
      [5, 6, "PLANNED"],
      [6, 7, "PLANNED"],
      [7, 8, "PLANNED"],
    ]);
  });
});

describe("a failed run that blocks", () => {
  it("has drop hold what falls due, rather than give it up", () => {
    const blocked = { nowHour: 3, watermarkHour: 1, openRuns: 1, overlap: "drop" } as const;
    expect(decide({ ...blocked, blockingRuns: 1 })).toMatchObject({ outcome: "deferred", runs: [] });
    expect(inHours(decide({ ...blocked, blockingRuns: 0 }))).toEqual([[1, 3, "SKIPPED overlap-dropped"]]);
  });
});
