import { describe, expect, it } from "@jest/globals";
import type { DependencyWindow } from "../../src/dependency/dependency.js";
import type { ScheduleError } from "../../src/errors/errors.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { DAY, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { World } from "../support/world.js";

const yesterday = { from: "-1 day", to: "-1 day" };

function every(
  unit: "hour" | "day" | "month",
  groupId: string,
  on?: string,
  window?: DependencyWindow,
): ScheduleInfo {
  const dependsOn =
    on === undefined
      ? null
      : { groupId: on, mayComeLater: true, ...(window === undefined ? {} : { window }) };
  return { groupId, trigger: { type: "period", every: 1, unit }, startTime: T0, dependsOn };
}

describe("a cycle of dependencies", () => {
  it("is refused with its path, whichever schedule closes it", async () => {
    const world = await World.start();
    await world.client.register(every("day", "a", "b"));
    await world.client.register(every("day", "b", "c"));
    await expect(world.client.register(every("day", "c", "a"))).rejects.toMatchObject({
      code: "DEPENDENCY_CYCLE",
      field: "dependsOn",
      message: expect.stringContaining("c → a → b → c is a cycle"),
    });
    await world.client.register(every("day", "c"));
    await expect(world.client.update(every("day", "c", "b"), { version: 1 })).rejects.toMatchObject({
      code: "DEPENDENCY_CYCLE",
    });
    expect(await world.client.get("c")).toMatchObject({ version: 1, spec: { dependsOn: null } });
  });

  it("is named in the notes if two registrations close it at the same moment, neither of which sees it", async () => {
    const world = await World.start();
    const registered = await Promise.all(
      [every("day", "a", "b"), every("day", "b", "a")].map((info) => world.client.register(info)),
    );
    const notes = registered.flatMap((each) => each.notes);
    expect(notes).toContainEqual(expect.stringMatching(/a → b → a is a cycle|b → a → b is a cycle/));
    for (const groupId of ["a", "b"]) {
      expect((await world.client.describe(groupId)).notes).toContainEqual(
        expect.stringContaining("is a cycle"),
      );
    }
    await world.client.update(every("day", "b"), { version: 1 });
    expect((await world.client.describe("a")).notes.filter((note) => note.includes("cycle"))).toEqual([]);
  });

  it("is refused in a batch for the one that closes it", async () => {
    const world = await World.start();
    const results = await world.client.registerMany([
      every("day", "a", "b"),
      every("day", "b", "a"),
      every("day", "c", "a"),
    ]);
    expect(results).toMatchObject([
      { isRegistered: true },
      { isRegistered: false, error: { code: "DEPENDENCY_CYCLE" } },
      { isRegistered: true },
    ]);
  });

  it("of any length from 1 to 100 is refused with its path, and nothing of the schedule that closes it is stored", async () => {
    const world = await World.start();
    for (let length = 1; length <= 100; length += 1) {
      const ids = Array.from({ length }, (_, index) => `c${length}-${index}`);
      const next = (index: number): string => ids[(index + 1) % length]!;
      const opening = ids.slice(0, -1).map((id, index) => every("day", id, next(index)));
      const registered = await world.client.registerMany(opening);
      expect(registered.every(({ isRegistered }) => isRegistered)).toBe(true);
      const last = ids.at(-1)!;
      await expect(world.client.register(every("day", last, next(length - 1)))).rejects.toMatchObject({
        code: "DEPENDENCY_CYCLE",
        field: "dependsOn",
        message: expect.stringContaining(`${[last, ...ids].join(" → ")} is a cycle`),
      });
      await expect(world.client.get(last)).rejects.toMatchObject({ code: "SCHEDULE_NOT_FOUND" });
    }
  });

  it.each<[string, readonly ScheduleInfo[], boolean]>([
    ["of a group with itself", [every("day", "a", "a")], false],
    ["of a group with its own yesterday", [every("day", "a", "a", yesterday)], true],
    [
      "of a group with a window that reaches its own interval",
      [every("day", "a", "a", { from: "-1 day" })],
      false,
    ],
    ["through yesterday", [every("day", "a", "b", yesterday), every("day", "b", "a")], true],
    [
      "through tomorrow",
      [every("day", "a", "b", { from: "+1 day", to: "+1 day" }), every("day", "b", "a")],
      false,
    ],
    [
      "through tomorrow and back by two days",
      [
        every("day", "a", "b", { from: "+1 day", to: "+1 day" }),
        every("day", "b", "a", { from: "-2 days", to: "-2 days" }),
      ],
      true,
    ],
    ["of hours with the day that holds them", [every("hour", "a", "b"), every("day", "b", "a")], false],
    [
      "of hours with the day of the hour before, which mostly holds them",
      [every("hour", "a", "b", { from: "-1 hour", to: "-1 hour" }), every("day", "b", "a")],
      false,
    ],
    ["of hours with the day before", [every("hour", "a", "b", yesterday), every("day", "b", "a")], true],
    [
      "of days with the month before",
      [
        every("day", "a", "b", { align: "month", from: "-1 month", to: "-1 month" }),
        every("month", "b", "a"),
      ],
      true,
    ],
    [
      "of days with the month of the day before",
      [every("day", "a", "b", yesterday), every("month", "b", "a")],
      false,
    ],
    [
      "of a group with its dependents' interval before",
      [every("day", "a", "b", { from: "-1 interval", to: "-1 interval" }), every("day", "b", "a")],
      true,
    ],
  ])("%s is allowed only if it goes back in time", async (_, infos, isAllowed) => {
    const world = await World.start();
    const results = await world.client.registerMany(infos);
    expect(results.every(({ isRegistered }) => isRegistered)).toBe(isAllowed);
  });

  it("that goes back in time runs", async () => {
    const world = await World.start();
    await world.client.registerMany([every("hour", "a", "b", yesterday), every("day", "b", "a")]);
    await world.fireAt("a", T0 + 2 * DAY);
    await world.fireAt("b", T0 + 2 * DAY);
    await world.settle();
    expect((await world.runs("a")).map(({ state }) => state)).toEqual(Array(48).fill("SUCCEEDED"));
    expect((await world.runs("b")).map(({ state }) => state)).toEqual(["SUCCEEDED", "SUCCEEDED"]);
  });
});

describe("a dependency on a group that does not exist", () => {
  const on = (groupId: string, ...ids: string[]): ScheduleInfo =>
    hourly(groupId, { dependsOn: { all: ids.map((id) => ({ groupId: id })) } });

  it("is refused with its field, and nothing is stored", async () => {
    const world = await World.start();
    await world.client.registerSource({ groupId: "deliveries" });
    await expect(world.client.register(on("report", "deliveries", "loads"))).rejects.toMatchObject({
      code: "DEPENDENCY_UNKNOWN",
      field: "dependsOn.all.1.groupId",
      message: expect.stringContaining('"loads"'),
    });
    await expect(world.client.get("report")).rejects.toMatchObject({ code: "SCHEDULE_NOT_FOUND" });
    await world.client.register(hourly("loads"));
    await world.client.register(on("report", "deliveries", "loads"));
    await expect(world.client.update(on("report", "load"), { version: 1 })).rejects.toMatchObject({
      code: "DEPENDENCY_UNKNOWN",
      field: "dependsOn.all.0.groupId",
    });
    expect(await world.client.get("report")).toMatchObject({ version: 1 });
  });

  it("is accepted if the group may come later", async () => {
    const world = await World.start();
    await world.client.register(hourly("report", { dependsOn: { groupId: "loads", mayComeLater: true } }));
    expect(await world.client.get("report")).toMatchObject({
      spec: { dependsOn: { groupId: "loads", mayComeLater: true } },
    });
  });

  it("is accepted in any order if both are registered together, and refused with those that are refused", async () => {
    const world = await World.start();
    const results = await world.client.registerMany([
      on("c", "b"),
      on("b", "a"),
      hourly("a"),
      on("z", "y"),
      on("y", "x", "a"),
      { ...hourly("x"), maxAttempts: -1 },
    ]);
    expect(
      results.map((result) => (result.isRegistered ? "registered" : (result.error as ScheduleError).code)),
    ).toEqual([
      "registered",
      "registered",
      "registered",
      "DEPENDENCY_UNKNOWN",
      "DEPENDENCY_UNKNOWN",
      "SCHEDULE_INVALID",
    ]);
  });

  it("is refused no more once the group has been there: unregistered, or even purged", async () => {
    const world = await World.start();
    await world.client.register(hourly("loads"));
    await world.client.register(on("report", "loads"));
    await world.client.unregister("loads", { force: true });
    await world.client.register(on("other", "loads"));
    await world.client.unregister("loads", { force: true, purge: true });
    await world.client.update({ ...on("report", "loads"), maxAttempts: 7 }, { version: 1 });
    await expect(world.client.register(on("late", "loads"))).rejects.toMatchObject({
      code: "DEPENDENCY_UNKNOWN",
    });
  });
});

describe("a group that others depend on", () => {
  it("is not removed while they do, unless forced", async () => {
    const world = await World.start();
    await world.client.register(hourly("loads"));
    await world.client.register(every("day", "report", "loads"));
    await expect(world.client.unregister("loads")).rejects.toMatchObject({
      code: "DEPENDED_ON",
      message: expect.stringContaining("report"),
    });
    await world.client.unregister("loads", { force: true });
    expect(await world.client.get("loads")).toMatchObject({ status: "DELETED" });
    await world.client.register(hourly("loads"));
    await world.client.update(every("day", "report"), { version: 1 });
    await world.client.unregister("loads");
  });

  it("is removed once they are", async () => {
    const world = await World.start();
    await world.client.register(hourly("loads"));
    await world.client.register(every("day", "report", "loads"));
    await world.client.unregister("report");
    await world.client.unregister("loads", { purge: true });
  });
});

describe("the notes on a schedule that depends on others", () => {
  it("say how long its runs wait, and which groups cover nothing for now", async () => {
    const world = await World.start();
    const notesOn = async (info: ScheduleInfo): Promise<readonly string[]> =>
      (await world.client.ensure(info)).notes;
    expect(
      await notesOn(hourly("loads", { dependsOn: { groupId: "dimensions", mayComeLater: true } })),
    ).toEqual([
      "dependsOn: dimensions has no schedule yet; runs wait until it has one that covers their time.",
    ]);
    await world.client.register(every("day", "dimensions"));
    const wait =
      "dependsOn: each run waits up to 23 h after its interval has ended, because one of dimensions ends later.";
    expect((await world.client.describe("loads")).notes).toEqual([wait]);
    await world.client.pause("dimensions", "the source is down");
    expect((await world.client.describe("loads")).notes).toEqual([
      "dependsOn: dimensions is paused: the source is down.",
      wait,
    ]);
    await world.client.unregister("dimensions", { force: true });
    expect((await world.client.describe("loads")).notes[0]).toBe(
      "dependsOn: dimensions is unregistered; only what its ledger has covered before counts.",
    );
    expect(await notesOn(every("day", "report", "loads"))).toEqual([]);
    expect(await notesOn(every("day", "report", "loads", { from: "-1 day" }))).toEqual([
      "dependsOn: the ledger of loads begins at 2026-01-01T00:00:00.000Z; runs do not wait for time before that (beforeOrigin).",
    ]);
  });
});
