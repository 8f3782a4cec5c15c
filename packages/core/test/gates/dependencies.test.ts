import { describe, expect, it } from "@jest/globals";
import type { DependencyTree } from "../../src/dependency/dependency.js";
import type { Run } from "../../src/run/run.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { at, DAY, HOUR, MINUTE, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { failed, SUCCEEDED } from "../support/scripted-operator.js";
import { World, type WorldOptions } from "../support/world.js";

/** Every day from T0 on, in UTC. */
function daily(groupId: string, more: Partial<ScheduleInfo> = {}): ScheduleInfo {
  return { groupId, trigger: { type: "period", every: 1, unit: "day" }, startTime: T0, ...more };
}

/** A world of hourly loads, and of a report that depends on them. */
async function reporting(
  report: ScheduleInfo,
  loads: readonly ScheduleInfo[] = [hourly("loads")],
  options: WorldOptions = {},
): Promise<World> {
  const world = await World.start(options);
  for (const info of [...loads, report]) await world.client.register(info);
  return world;
}

/** Has the next job fail. */
function failOnce({ operator }: World): void {
  operator.answer = () => {
    operator.answer = () => SUCCEEDED;
    return failed("no such table");
  };
}

const statesOf = async (world: World, groupId: string): Promise<string[]> =>
  (await world.runs(groupId)).map(({ state, place }) => (place === "none" ? state : `${state} ${place}`));

const lastOf = async (world: World, groupId: string): Promise<Run> => (await world.runs(groupId)).at(-1)!;

const iso = (instant: number): string => new Date(instant).toISOString();

describe("a dependency", () => {
  it("holds a run until the other group's ledger covers its interval, and lets it begin at once then", async () => {
    const world = await reporting(daily("report", { dependsOn: { groupId: "loads" } }));
    await world.fireAt("loads", T0 + 23 * HOUR);
    await world.clock.advanceTo(T0 + DAY);
    await world.fireAt("report", T0 + DAY);
    expect(await lastOf(world, "report")).toMatchObject({
      state: "PLANNED",
      place: "gated",
      wait: {
        reason: "not covered yet by loads (dependsOn)",
        missing: [{ lower: T0 + 23 * HOUR, upper: T0 + DAY }],
        wokenBy: ["loads"],
        unmet: [
          {
            groupId: "loads",
            window: { lower: T0, upper: T0 + DAY },
            by: "succeeded",
            missing: [{ lower: T0 + 23 * HOUR, upper: T0 + DAY }],
            missingMs: HOUR,
          },
        ],
      },
    });
    await world.fireAt("loads", T0 + DAY);
    expect(await statesOf(world, "report")).toEqual(["SUCCEEDED"]);
    expect(await lastOf(world, "report")).toMatchObject({ attempt: 1, submittedAt: T0 + DAY });
  });

  it.each([
    ["spring", "2026-03-29T00:00:00+01:00", 23],
    ["autumn", "2026-10-25T00:00:00+02:00", 25],
  ])("needs as many hours as the day has, in %s", async (_, begin, hours) => {
    const startTime = at(begin);
    const berlin = { timezone: "Europe/Berlin", startTime };
    const world = await reporting(daily("report", { ...berlin, dependsOn: { groupId: "loads" } }), [
      hourly("loads", berlin),
    ]);
    const end = startTime + hours * HOUR;
    await world.fireAt("loads", end - HOUR);
    await world.fireAt("report", end);
    expect(await lastOf(world, "report")).toMatchObject({
      lower: startTime,
      upper: end,
      place: "gated",
      wait: { missing: [{ lower: end - HOUR, upper: end }] },
    });
    await world.fireAt("loads", end);
    expect(await statesOf(world, "report")).toEqual(["SUCCEEDED"]);
    expect(await world.runs("loads")).toHaveLength(hours);
  });

  it("needs periods that overhang as a whole: a month waits for its last week, planned or not", async () => {
    const startTime = at("2025-12-29T00:00:00Z");
    const weekly: ScheduleInfo = {
      groupId: "weeks",
      trigger: { type: "period", every: 1, unit: "week" },
      startTime,
    };
    const monthly: ScheduleInfo = {
      groupId: "months",
      trigger: { type: "period", every: 1, unit: "month" },
      startTime: T0,
      dependsOn: { groupId: "weeks" },
    };
    const world = await reporting(monthly, [weekly]);
    await world.fireAt("weeks", startTime + 28 * DAY);
    await world.fireAt("months", at("2026-02-01T00:00:00Z"));
    expect((await lastOf(world, "months")).wait?.missing).toEqual([
      { lower: at("2026-01-26T00:00:00Z"), upper: at("2026-02-01T00:00:00Z") },
    ]);
    await world.fireAt("weeks", at("2026-02-02T00:00:00Z"));
    expect(await statesOf(world, "months")).toEqual(["SUCCEEDED"]);
  });

  it("on a coarser group waits until its longer interval has succeeded", async () => {
    const world = await reporting(hourly("loads", { dependsOn: { groupId: "dimensions" } }), [
      daily("dimensions"),
    ]);
    await world.fireAt("loads", T0 + 2 * HOUR);
    await world.clock.advanceTo(T0 + DAY);
    expect(await statesOf(world, "loads")).toEqual(["PLANNED gated", "PLANNED waiting"]);
    await world.fireAt("dimensions", T0 + DAY);
    expect(await statesOf(world, "loads")).toEqual(["SUCCEEDED", "SUCCEEDED"]);
  });

  it("is on another window of time if it says so", async () => {
    const yesterday = { from: "-1 day", to: "-1 day" };
    const world = await reporting(daily("report", { dependsOn: { groupId: "loads", window: yesterday } }));
    await world.clock.advanceTo(T0 + 2 * DAY);
    await world.fireAt("report", T0 + 2 * DAY);
    // Nothing lies before the loads' beginning.
    expect(await statesOf(world, "report")).toEqual(["SUCCEEDED", "PLANNED gated"]);
    await world.fireAt("loads", T0 + DAY);
    expect(await statesOf(world, "report")).toEqual(["SUCCEEDED", "SUCCEEDED"]);
  });

  it("awaits the time before the other ledger's beginning only if it says so", async () => {
    const lookback = { window: { from: "-1 day" } };
    const loads = [hourly("loads", { startTime: T0 + DAY })];
    for (const [beforeOrigin, expected] of [
      ["ignore", "SUCCEEDED"],
      ["wait", "PLANNED gated"],
    ] as const) {
      const dependsOn = { groupId: "loads", ...lookback, beforeOrigin };
      const world = await reporting(daily("report", { startTime: T0 + DAY, dependsOn }), loads);
      await world.fireAt("loads", T0 + 2 * DAY);
      await world.fireAt("report", T0 + 2 * DAY);
      expect(await statesOf(world, "report")).toEqual([expected]);
    }
  });

  it("on a group that comes later waits for it, if it says so", async () => {
    const world = await reporting(
      daily("report", { dependsOn: { groupId: "loads", mayComeLater: true } }),
      [],
    );
    await world.fireAt("report", T0 + DAY);
    expect((await lastOf(world, "report")).wait?.reason).toBe(
      "not covered yet by loads, which has no schedule yet (dependsOn)",
    );
    await world.client.register(daily("loads"));
    await world.fireAt("loads", T0 + DAY);
    expect(await statesOf(world, "report")).toEqual(["SUCCEEDED"]);
  });

  it("notices a group whose ledger begins after its window, which no run announces", async () => {
    const dependsOn = { groupId: "loads", mayComeLater: true };
    const world = await reporting(daily("report", { dependsOn }), []);
    await world.fireAt("report", T0 + DAY);
    await world.client.register(daily("loads", { startTime: T0 + DAY }));
    await world.advance(MINUTE);
    expect(await statesOf(world, "report")).toEqual(["SUCCEEDED"]);
  });

  it("on a source group waits until somebody reports its time, gaps and beginning included", async () => {
    const world = await World.start();
    await world.client.registerSource({ groupId: "deliveries" });
    await world.client.register(daily("report", { dependsOn: { groupId: "deliveries" } }));
    await world.fireAt("report", T0 + DAY);
    const report = (from: number, to: number) =>
      world.client.reportCoverage("deliveries", { lower: T0 + from * HOUR, upper: T0 + to * HOUR });
    await report(6, 12);
    await report(18, 24);
    await world.settle();
    const waiting = await lastOf(world, "report");
    expect(
      waiting.wait?.missing?.map(({ lower, upper }) => [(lower - T0) / HOUR, (upper - T0) / HOUR]),
    ).toEqual([
      [0, 6],
      [12, 18],
    ]);
    expect((await world.client.explain(waiting.id)).reasons.at(-1)).toBe(
      "Nobody has reported that yet to deliveries, a source group.",
    );
    await report(0, 18);
    await world.settle();
    expect(await statesOf(world, "report")).toEqual(["SUCCEEDED"]);
  });

  it("is not met by a run that failed, and is by its retry", async () => {
    const world = await reporting(hourly("report", { dependsOn: { groupId: "loads" } }), [
      hourly("loads", { maxAttempts: 1 }),
    ]);
    failOnce(world);
    await world.fireAt("loads", T0 + HOUR);
    await world.fireAt("report", T0 + HOUR);
    expect(await statesOf(world, "report")).toEqual(["PLANNED gated"]);
    await world.client.retryRun((await lastOf(world, "loads")).id);
    await world.settle();
    expect(await statesOf(world, "report")).toEqual(["SUCCEEDED"]);
  });

  it("counts what was given up on purpose only if it says so", async () => {
    for (const [satisfiedBy, expected] of [
      ["succeeded", "PLANNED gated"],
      ["settled", "SUCCEEDED"],
    ] as const) {
      const dependsOn = { groupId: "loads", satisfiedBy };
      const world = await reporting(daily("report", { dependsOn }), [hourly("loads", { catchup: "drop" })]);
      await world.fireAt("loads", T0 + DAY);
      expect(await statesOf(world, "loads")).toEqual(["SKIPPED", "SUCCEEDED"]);
      await world.fireAt("report", T0 + DAY);
      expect(await statesOf(world, "report")).toEqual([expected]);
    }
  });

  it.each<[string, Partial<{ atLeast: string | { missing: string } }>, number]>([
    ["all of it", {}, 24],
    ["a share", { atLeast: "95%" }, 23],
    ["all but some hours", { atLeast: { missing: "2 hours" } }, 22],
  ])("needs %s", async (_, atLeast, needed) => {
    const world = await reporting(daily("report", { dependsOn: { groupId: "loads", ...atLeast } }));
    await world.fireAt("loads", T0 + (needed - 1) * HOUR);
    await world.fireAt("report", T0 + DAY);
    expect(await statesOf(world, "report")).toEqual(["PLANNED gated"]);
    await world.fireAt("loads", T0 + needed * HOUR);
    expect(await statesOf(world, "report")).toEqual(["SUCCEEDED"]);
  });

  it("is met by old coverage while it is run again, and after that has failed", async () => {
    const world = await reporting(daily("report", { dependsOn: { groupId: "loads" } }), [
      daily("loads", { maxAttempts: 1 }),
    ]);
    await world.fireAt("loads", T0 + DAY);
    failOnce(world);
    await world.client.trigger("loads", { lower: T0, upper: T0 + DAY });
    await world.settle();
    expect(await statesOf(world, "loads")).toEqual(["SUCCEEDED", "FAILED"]);
    await world.fireAt("report", T0 + DAY);
    expect(await statesOf(world, "report")).toEqual(["SUCCEEDED"]);
  });
});

describe("a run that has begun", () => {
  it("keeps what it read of each group, and what was missing", async () => {
    const tree = { all: [{ groupId: "a", atLeast: "90%" }, { any: [{ groupId: "b" }, { groupId: "c" }] }] };
    const world = await reporting(daily("report", { dependsOn: tree, dependsOnPast: true }), [
      hourly("a"),
      daily("b"),
      daily("c"),
    ]);
    await world.fireAt("a", T0 + 23 * HOUR);
    await world.fireAt("c", T0 + DAY);
    await world.fireAt("report", T0 + DAY);
    const day = { lower: T0, upper: T0 + DAY };
    const digests = await world.store.generationDigests([
      { groupId: "a", ...day },
      { groupId: "c", ...day },
    ]);
    expect(await lastOf(world, "report")).toMatchObject({
      state: "SUCCEEDED",
      inputs: [
        { groupId: "a", ...day, digest: digests[0], missing: [{ lower: T0 + 23 * HOUR, upper: T0 + DAY }] },
        { groupId: "c", ...day, digest: digests[1] },
      ],
    });
  });
});

describe("dependencies on several groups", () => {
  const loads = [hourly("a"), hourly("b"), hourly("c")];
  const tree: DependencyTree = { all: [{ groupId: "a" }, { any: [{ groupId: "b" }, { groupId: "c" }] }] };

  it("are met when all or any are", async () => {
    const world = await reporting(hourly("report", { dependsOn: tree }), loads);
    await world.fireAt("report", T0 + HOUR);
    const unmet = async () => (await lastOf(world, "report")).wait?.unmet?.map(({ groupId }) => groupId);
    expect(await unmet()).toEqual(["a", "b", "c"]);
    await world.fireAt("c", T0 + HOUR);
    expect(await unmet()).toEqual(["a"]);
    await world.fireAt("a", T0 + HOUR);
    expect(await statesOf(world, "report")).toEqual(["SUCCEEDED"]);
  });
});

describe("a dependency's time-out", () => {
  const waiting = (action: "fail" | "run" | "hold", more: Partial<ScheduleInfo> = {}) =>
    reporting(
      hourly("report", {
        dependsOn: { groupId: "loads", timeout: { afterMs: 10 * MINUTE, action } },
        ...more,
      }),
    );

  it("runs without what is missing", async () => {
    const world = await waiting("run");
    await world.fireAt("report", T0 + HOUR);
    await world.advance(10 * MINUTE);
    expect(await lastOf(world, "report")).toMatchObject({
      place: "gated",
      wait: { unmet: [{ timesOutAt: T0 + HOUR + 10 * MINUTE }] },
    });
    await world.advance(1);
    expect(await lastOf(world, "report")).toMatchObject({
      state: "SUCCEEDED",
      submittedAt: T0 + HOUR + 10 * MINUTE + 1,
    });
  });

  it.each(["run", "fail"] as const)(
    "is beaten by time that is covered at the very instant at which it is up, with %s",
    async (action) => {
      const world = await waiting(action);
      await world.fireAt("report", T0 + HOUR);
      await world.advance(10 * MINUTE);
      await world.fireAt("loads", T0 + HOUR);
      await world.advance(MINUTE);
      const [run] = await world.runs("report");
      expect(run).toMatchObject({ state: "SUCCEEDED", submittedAt: T0 + HOUR + 10 * MINUTE });
      expect(run!.inputs).toMatchObject([{ groupId: "loads" }]);
      expect(run!.inputs[0]).not.toHaveProperty("missing");
    },
  );

  it("fails the run without an attempt, and the lane does as onFailure says", async () => {
    for (const [onFailure, states] of [
      ["block", ["FAILED blocking", "PLANNED waiting"]],
      ["continue", ["FAILED", "PLANNED gated"]],
    ] as const) {
      const world = await waiting("fail", { onFailure });
      await world.fireAt("report", T0 + 2 * HOUR);
      await world.advance(10 * MINUTE + 1);
      expect(await statesOf(world, "report")).toEqual(states);
      const [run] = await world.runs("report");
      expect(run).toMatchObject({
        attempt: 0,
        submittedAt: null,
        endedAt: T0 + 2 * HOUR + 10 * MINUTE + 1,
        error: {
          code: "DEPENDENCY_TIMEOUT",
          message: "Its dependencies were not met in time: not covered yet by loads.",
        },
      });
      expect(world.eventsOf("run-state")).toMatchObject([{ run: { id: run!.id, state: "FAILED" } }]);
      expect(world.operator.submissions).toEqual([]);
    }
  });

  it("lets a run begin whose input comes in the moment in which it would fail", async () => {
    const world = await World.start();
    await world.client.registerSource({ groupId: "deliveries", startTime: T0 });
    const timeout = { afterMs: 10 * MINUTE, action: "fail" } as const;
    await world.client.register(hourly("sales", { dependsOn: { groupId: "deliveries", timeout } }));
    const { settleGates } = world.store;
    let failures = 0;
    world.store.settleGates = async (settlements) => {
      if (settlements.some((one) => !one.isOpen && one.failure !== undefined)) {
        failures += 1;
        await world.client.reportCoverage("deliveries", { lower: T0, upper: T0 + HOUR });
      }
      return settleGates.call(world.store, settlements);
    };
    await world.fireAt("sales", T0 + HOUR);
    await world.advance(10 * MINUTE + 1);
    expect(failures).toBe(1);
    expect(await statesOf(world, "sales")).toEqual(["SUCCEEDED"]);
  });

  it("pauses the schedule if onFailure says so, and a retry begins to wait anew", async () => {
    const world = await waiting("fail", { onFailure: "pause" });
    await world.fireAt("report", T0 + HOUR);
    await world.advance(10 * MINUTE + 1);
    expect(await world.client.get("report")).toMatchObject({ status: "PAUSED" });
    await world.client.resume("report");
    await world.client.retryRun((await lastOf(world, "report")).id);
    await world.advance(MINUTE);
    expect(await lastOf(world, "report")).toMatchObject({
      place: "gated",
      wait: { since: T0 + HOUR + 10 * MINUTE + 1 },
    });
    await world.fireAt("loads", T0 + HOUR);
    expect(await statesOf(world, "report")).toEqual(["SUCCEEDED"]);
  });

  it("only says so, once, if it holds", async () => {
    const world = await waiting("hold");
    await world.fireAt("report", T0 + HOUR);
    await world.advance(10 * MINUTE);
    await world.advance(HOUR);
    const { id } = await lastOf(world, "report");
    expect(world.eventsOf("trouble")).toEqual([
      {
        where: "gate",
        groupId: "report",
        runId: id,
        error: {
          code: "DEPENDENCY_TIMEOUT",
          message: `Run ${id} has waited longer than it should: not covered yet by loads (dependsOn).`,
        },
      },
    ]);
    await world.fireAt("loads", T0 + HOUR);
    expect(await statesOf(world, "report")).toEqual(["SUCCEEDED"]);
  });

  it("counts from when the run's turn has come, and not while the schedule is paused", async () => {
    const world = await waiting("fail");
    await world.fireAt("report", T0 + HOUR);
    await world.client.pause("report");
    await world.advance(30 * MINUTE);
    await world.client.resume("report");
    await world.advance(10 * MINUTE);
    expect(await statesOf(world, "report")).toEqual(["PLANNED gated"]);
    await world.advance(1);
    expect(await statesOf(world, "report")).toEqual(["FAILED blocking"]);
  });

  it("is kept although another gate may open much later", async () => {
    const world = await waiting("fail", { notBefore: { afterMs: DAY } });
    await world.fireAt("report", T0 + HOUR);
    await world.advance(10 * MINUTE + 1);
    expect(await statesOf(world, "report")).toEqual(["FAILED blocking"]);
  });

  it("of one of several fails the run if the others cannot make up for it", async () => {
    const soon = { groupId: "a", timeout: { afterMs: MINUTE, action: "fail" } } as const;
    const later = { groupId: "b", timeout: { afterMs: HOUR, action: "fail" } } as const;
    for (const [dependsOn, failsAfter] of [
      [{ all: [soon, later] }, MINUTE],
      [{ any: [soon, later] }, HOUR],
    ] as const) {
      const world = await reporting(hourly("report", { dependsOn }), [hourly("a"), hourly("b")]);
      await world.fireAt("report", T0 + HOUR);
      await world.advance(failsAfter);
      expect(await statesOf(world, "report")).toEqual(["PLANNED gated"]);
      await world.advance(1);
      expect(await statesOf(world, "report")).toEqual(["FAILED blocking"]);
    }
  });
});

describe("a dependency on the group's own past", () => {
  const past = (dependsOnPast: boolean | "previous" | "all", more: Partial<ScheduleInfo> = {}) =>
    reporting(hourly("orders", { dependsOnPast, maxAttempts: 1, onFailure: "continue", ...more }), []);

  it("lets the first run begin, and each after the one before it", async () => {
    const world = await past(true, { overlap: "allow" });
    await world.fireAt("orders", T0 + 3 * HOUR);
    const runs = await world.runs("orders");
    expect(runs.map(({ state }) => state)).toEqual(["SUCCEEDED", "SUCCEEDED", "SUCCEEDED"]);
    expect(world.operator.submissions).toHaveLength(3);
  });

  it("holds behind a run that failed, until that is retried or cancelled", async () => {
    for (const end of ["retry", "cancel"] as const) {
      const world = await past("previous", { overlap: "allow" });
      failOnce(world);
      await world.fireAt("orders", T0 + 3 * HOUR);
      expect(await statesOf(world, "orders")).toEqual(["FAILED", "PLANNED gated", "PLANNED gated"]);
      const [first, second] = await world.runs("orders");
      expect(second!.wait?.missing).toEqual([{ lower: T0, upper: T0 + HOUR }]);
      if (end === "retry") await world.client.retryRun(first!.id);
      else await world.client.cancelRun(first!.id);
      await world.settle();
      const ended = end === "retry" ? "SUCCEEDED" : "CANCELLED";
      expect(await statesOf(world, "orders")).toEqual([ended, "SUCCEEDED", "SUCCEEDED"]);
    }
  });

  it("takes what a policy has dropped as settled", async () => {
    const world = await past(true, { catchup: "drop" });
    await world.fireAt("orders", T0 + 5 * HOUR);
    expect(await statesOf(world, "orders")).toEqual(["SKIPPED", "SUCCEEDED"]);
  });

  it("needs only the interval before, or all", async () => {
    for (const [dependsOnPast, expected] of [
      ["previous", "SUCCEEDED"],
      ["all", "PLANNED gated"],
    ] as const) {
      const world = await past(false);
      failOnce(world);
      await world.fireAt("orders", T0 + 2 * HOUR);
      expect(await statesOf(world, "orders")).toEqual(["FAILED", "SUCCEEDED"]);
      const more = { dependsOnPast, maxAttempts: 1, onFailure: "continue" } as const;
      await world.client.update(hourly("orders", more), { version: 1 });
      await world.fireAt("orders", T0 + 3 * HOUR);
      expect((await statesOf(world, "orders"))[2]).toBe(expected);
    }
  });

  it("does not deadlock in a lane of one when an earlier interval is run again", async () => {
    const world = await past(true, { onFailure: "block" });
    failOnce(world);
    await world.fireAt("orders", T0 + HOUR);
    await world.fireAt("orders", T0 + 3 * HOUR);
    expect(await statesOf(world, "orders")).toEqual([
      "FAILED blocking",
      "PLANNED waiting",
      "PLANNED waiting",
    ]);
    await world.client.retryRun((await world.runs("orders"))[0]!.id);
    await world.settle();
    expect(await statesOf(world, "orders")).toEqual(["SUCCEEDED", "SUCCEEDED", "SUCCEEDED"]);
    await world.client.trigger("orders", { lower: T0, upper: T0 + HOUR });
    await world.fireAt("orders", T0 + 4 * HOUR);
    expect(await statesOf(world, "orders")).toEqual(Array(5).fill("SUCCEEDED"));
  });

  it("orders the runs of a backfill", async () => {
    const world = await past(true, { overlap: "allow" });
    await world.fireAt("orders", T0 + 3 * HOUR);
    const before = world.operator.submissions.length;
    await world.client.backfill({
      groupId: "orders",
      from: T0,
      to: T0 + 3 * HOUR,
      select: "all",
      concurrency: 3,
    });
    await world.settle();
    const begun = world.operator.submissions.slice(before).map(({ lowerBound }) => Number(lowerBound));
    expect(begun).toEqual([T0, T0 + HOUR, T0 + 2 * HOUR]);
  });

  it.each([
    ["all", "all", [0, 1, 2, 3]],
    ["previous", "all", [0, 1, 2, 3]],
    ["all", "missing", [3]],
  ] as const)(
    "with %s also waits for what a backfill of %s is still to run",
    async (dependsOnPast, select, expected) => {
      const world = await past(dependsOnPast, { overlap: "allow" });
      await world.fireAt("orders", T0 + 3 * HOUR);
      const before = world.operator.submissions.length;
      world.operator.answer = () => "runs";
      await world.client.backfill({ groupId: "orders", from: T0, to: T0 + 3 * HOUR, select });
      await world.fireAt("orders", T0 + 4 * HOUR);
      for (let each = 0; each < 4; each += 1) {
        world.operator.endAll();
        await world.settle();
      }
      const begun = world.operator.submissions.slice(before).map(({ lowerBound }) => Number(lowerBound));
      expect(begun).toEqual(expected.map((hour) => T0 + hour * HOUR));
    },
  );

  it("waits no longer than a minute for a backfill that was cancelled between two of its runs", async () => {
    const world = await past("all", { overlap: "allow" });
    await world.fireAt("orders", T0 + 3 * HOUR);
    const before = world.operator.submissions.length;
    world.operator.answer = () => "runs";
    const range = { groupId: "orders", from: T0, to: T0 + 3 * HOUR } as const;
    const { backfill } = await world.client.backfill({ ...range, select: "all" });
    await world.fireAt("orders", T0 + 4 * HOUR);
    const live = (await world.runs("orders")).find(({ lower }) => lower === T0 + 3 * HOUR)!;
    const { reasons } = await world.client.explain(live.id);
    expect(reasons.join("\n")).toMatch(`backfill ${backfill!.id} has not got that far yet`);
    await world.client.pause("orders");
    world.operator.endAll();
    await world.settle();
    await world.client.cancelBackfill(backfill!.id);
    await world.client.resume("orders");
    await world.advance(MINUTE);
    const begun = world.operator.submissions.slice(before).map(({ lowerBound }) => Number(lowerBound));
    expect(begun).toEqual([T0, T0 + 3 * HOUR]);
  });
});

describe("a lane whose runs wait for groups", () => {
  it("keeps their turn, and lets a group with overlap allow go on", async () => {
    for (const [overlap, states] of [
      ["queue", ["PLANNED gated", "PLANNED waiting"]],
      ["allow", ["PLANNED gated", "SUCCEEDED"]],
    ] as const) {
      const world = await reporting(hourly("report", { overlap, dependsOn: { groupId: "loads" } }), [
        hourly("loads", { maxAttempts: 1, onFailure: "continue" }),
      ]);
      failOnce(world);
      await world.fireAt("loads", T0 + 2 * HOUR);
      await world.fireAt("report", T0 + 2 * HOUR);
      expect(await statesOf(world, "report")).toEqual(states);
    }
  });
});

describe("a group that is depended on", () => {
  it.each(["dropped", "cancelled", "paused", "deleted"])("and is %s is said to be so", async (how) => {
    const world = await reporting(hourly("report", { dependsOn: { groupId: "loads" } }), [
      hourly("loads", how === "dropped" ? { catchup: "drop" } : { gates: {}, notBefore: { afterMs: DAY } }),
    ]);
    await world.fireAt("loads", T0 + 2 * HOUR);
    await world.fireAt("report", T0 + HOUR);
    if (how === "cancelled") await world.client.cancelRun((await world.runs("loads"))[0]!.id);
    if (how === "paused") await world.client.pause("loads", "the source is down");
    if (how === "deleted") await world.client.unregister("loads", { force: true });
    await world.settle();
    const { reasons } = await world.client.explain((await world.runs("report"))[0]!.id);
    const hour = `[${iso(T0)}, ${iso(T0 + HOUR)})`;
    expect(reasons[0]).toContain(`not covered yet by loads`);
    expect(reasons.slice(1).join("\n")).toContain(
      {
        dropped: `loads ${hour}: was skipped (catchup-dropped)`,
        cancelled: `loads ${hour}: run ${(await world.runs("loads"))[0]!.id} was cancelled`,
        paused: "loads is paused: the source is down.",
        deleted: "loads is unregistered",
      }[how],
    );
  });
});

describe("a run that waits in a lane", () => {
  it.each<Partial<ScheduleInfo>>([{ canOvertake: true }, { overlap: "allow", maxActiveRuns: 2 }])(
    "is overtaken with %j, however many wait",
    async (more) => {
      const world = await World.start();
      await world.client.registerSource({ groupId: "deliveries", startTime: T0 });
      await world.client.register(hourly("orders", { ...more, dependsOn: { groupId: "deliveries" } }));
      await world.fireAt("orders", T0 + 12 * HOUR);
      await world.client.reportCoverage("deliveries", { lower: T0 + 10 * HOUR, upper: T0 + 12 * HOUR });
      await world.settle();
      expect(await statesOf(world, "orders")).toEqual([
        ...Array(10).fill("PLANNED gated"),
        "SUCCEEDED",
        "SUCCEEDED",
      ]);
    },
  );

  it.each([
    [false, ["PLANNED gated", "PLANNED waiting"]],
    [true, ["PLANNED gated", "SUCCEEDED"]],
  ])("keeps its turn unless later ones may overtake it: %s", async (canOvertake, states) => {
    const world = await World.start();
    await world.client.registerSource({ groupId: "deliveries", startTime: T0 });
    await world.client.register(hourly("orders", { canOvertake, dependsOn: { groupId: "deliveries" } }));
    await world.fireAt("orders", T0 + 2 * HOUR);
    await world.client.reportCoverage("deliveries", { lower: T0 + HOUR, upper: T0 + 2 * HOUR });
    await world.settle();
    expect(await statesOf(world, "orders")).toEqual(states);
    await world.client.reportCoverage("deliveries", { lower: T0, upper: T0 + HOUR });
    await world.settle();
    expect(await statesOf(world, "orders")).toEqual(["SUCCEEDED", "SUCCEEDED"]);
    expect((await world.client.audit("orders")).isSound).toBe(true);
  });
});
