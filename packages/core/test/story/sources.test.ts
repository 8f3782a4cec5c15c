import { describe, expect, it } from "@jest/globals";
import { intersect } from "../../src/interval/interval-set.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import { DAY, HOUR, MINUTE, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { closed, ScriptedGate } from "../support/scripted-gate.js";
import { World, type WorldOptions } from "../support/world.js";

const DELIVERIES = {
  groupId: "deliveries",
  startTime: T0,
  description: "By a vendor.",
  labels: { team: "buy" },
};

async function sourceWorld(options: WorldOptions = {}): Promise<World> {
  const world = await World.start(options);
  await world.client.registerSource(DELIVERIES);
  return world;
}

const hours = (from: number, to: number) => ({ lower: T0 + from * HOUR, upper: T0 + to * HOUR });

/** The contents of the group's ledger, in hours. */
async function standing(world: World): Promise<string[]> {
  const runs = await world.runs("deliveries", { includeSuperseded: false });
  return runs.map(
    ({ lower, upper, generation, report }) =>
      `${(lower - T0) / HOUR}-${(upper - T0) / HOUR} ${report?.version ?? "-"}.${generation}`,
  );
}

describe("a source group", () => {
  it("is registered, described anew, and listed only when asked for", async () => {
    const world = await World.start();
    expect(await world.client.registerSource(DELIVERIES)).toMatchObject({
      status: "SOURCE",
      version: 1,
      origin: T0,
      watermark: T0,
      nextFireAt: null,
      spec: { groupId: "deliveries", timezone: "UTC", description: "By a vendor.", labels: { team: "buy" } },
    });
    expect(await world.client.registerSource(DELIVERIES)).toMatchObject({ version: 1 });
    const { startTime: _, ...unchanged } = DELIVERIES;
    expect(await world.client.registerSource(unchanged)).toMatchObject({ version: 1 });
    const again = { ...DELIVERIES, timezone: "Europe/Paris", description: "" };
    expect(await world.client.registerSource(again)).toMatchObject({
      status: "SOURCE",
      version: 2,
      spec: { timezone: "Europe/Paris", description: "" },
    });
    expect((await world.client.list()).items).toEqual([]);
    const listed = await world.client.list({ statuses: ["SOURCE"], labels: { team: "buy" } });
    expect(listed.items.map(({ spec }) => spec.groupId)).toEqual(["deliveries"]);
  });

  it.each([
    [{ groupId: "a b" }, "SCHEDULE_INVALID", "groupId"],
    [{ ...DELIVERIES, startTime: "soon" }, "SCHEDULE_INVALID", "startTime"],
    [{ ...DELIVERIES, trigger: { type: "once" } }, "SCHEDULE_INVALID", undefined],
    [{ ...DELIVERIES, timezone: "Mars/Base" }, "TIMEZONE_UNKNOWN", "timezone"],
    [null, "SCHEDULE_INVALID", undefined],
  ])("is refused as %j", async (info, code, field) => {
    const world = await World.start();
    const registered = world.client.registerSource(info as never);
    await expect(registered).rejects.toMatchObject(field === undefined ? { code } : { code, field });
  });

  it("and a schedule never share a group", async () => {
    const world = await sourceWorld();
    const taken = { code: "SCHEDULE_STATUS_ILLEGAL", field: "groupId" };
    await expect(world.client.register(hourly("deliveries"))).rejects.toMatchObject(taken);
    await expect(world.client.ensure(hourly("deliveries"))).rejects.toMatchObject(taken);
    await expect(world.client.update(hourly("deliveries"), { version: 1 })).rejects.toMatchObject(taken);
    await world.client.register(hourly("orders"));
    const source = { ...DELIVERIES, groupId: "orders" };
    await expect(world.client.registerSource(source)).rejects.toMatchObject({ code: "SCHEDULE_EXISTS" });
    await world.client.unregister("orders");
    await expect(world.client.registerSource(source)).rejects.toMatchObject({ code: "SCHEDULE_EXISTS" });
    await world.client.unregister("orders", { purge: true });
    expect(await world.client.registerSource(source)).toMatchObject({ status: "SOURCE" });
  });

  it("has nothing to pause, run or preview, and nobody plans it", async () => {
    const world = await sourceWorld();
    const { client } = world;
    const range = { lower: T0, upper: T0 + HOUR };
    for (const refused of [
      () => client.pause("deliveries"),
      () => client.resume("deliveries"),
      () => client.trigger("deliveries"),
      () => client.trigger("deliveries", range),
      () => client.preview("deliveries"),
      () => client.unregister("deliveries"),
      () => client.backfill({ groupId: "deliveries", from: T0, to: T0 + HOUR, isDryRun: true }),
    ])
      await expect(refused()).rejects.toMatchObject({ code: "SCHEDULE_STATUS_ILLEGAL" });
    await world.fireAt("deliveries", T0 + HOUR);
    await world.tidegate.reconcile();
    await world.advance(DAY);
    expect(await world.runs("deliveries")).toEqual([]);
    expect(world.eventsOf("trouble")).toEqual([]);
    expect(await client.describe("deliveries")).toMatchObject({ notes: [], next: { intervals: [] } });
  });

  it("is purged, with what was reported", async () => {
    const world = await sourceWorld();
    await world.client.reportCoverage("deliveries", hours(0, 1));
    await world.client.unregister("deliveries", { purge: true });
    await expect(world.client.get("deliveries")).rejects.toMatchObject({ code: "SCHEDULE_NOT_FOUND" });
    await world.client.registerSource(DELIVERIES);
    expect(await standing(world)).toEqual([]);
  });
});

describe("a report of coverage", () => {
  it("is a succeeded run of the ledger, and an event, once however often it is repeated", async () => {
    const world = await sourceWorld();
    const report = { ...hours(0, 24), version: "v1", note: "complete" };
    expect(await world.client.reportCoverage("deliveries", report)).toEqual({
      groupId: "deliveries",
      changed: [hours(0, 24)],
    });
    expect(await world.client.reportCoverage("deliveries", report)).toEqual({
      groupId: "deliveries",
      changed: [],
    });
    expect(await world.runs("deliveries")).toMatchObject([
      { kind: "REPORTED", state: "SUCCEEDED", report: { version: "v1", note: "complete" }, ...hours(0, 24) },
    ]);
    expect(world.eventsOf("coverage-reported")).toEqual([
      { groupId: "deliveries", changed: [hours(0, 24)], version: "v1", note: "complete" },
    ]);
    expect(world.operator.submissions).toEqual([]);
  });

  it("of another version takes the place of its part, and coverage stands all the time", async () => {
    const world = await sourceWorld();
    await world.client.reportCoverage("deliveries", { ...hours(0, 24), version: "v1" });
    const before = await world.client.coverage("deliveries", hours(0, 6));
    const { changed } = await world.client.reportCoverage("deliveries", { ...hours(6, 30), version: "v2" });
    expect(changed).toEqual([hours(6, 30)]);
    expect(await standing(world)).toEqual(["0-6 v1.0", "6-24 v2.1", "24-30 v2.0"]);
    expect(await world.client.coverage("deliveries", hours(0, 6))).toEqual(before);
    expect(await world.client.coverage("deliveries", hours(0, 30))).toMatchObject({ isCovered: true });
    expect(await world.client.audit("deliveries")).toMatchObject({
      range: hours(0, 30),
      isComplete: true,
      owed: null,
      doubtful: [],
      overlaps: [],
    });
  });

  it("leaves gaps that the audit shows", async () => {
    const world = await sourceWorld();
    await world.client.reportCoverage("deliveries", hours(2, 3));
    await world.client.reportCoverage("deliveries", hours(5, 6));
    const { gaps, isSound, range } = await world.client.audit("deliveries");
    expect({ gaps, isSound, range }).toEqual({
      gaps: [hours(0, 2), hours(3, 5)],
      isSound: false,
      range: hours(0, 6),
    });
  });

  it("may come from many at once: each millisecond is covered, by one run", async () => {
    const world = await sourceWorld();
    const reports = Array.from({ length: 20 }, (_, n) => hours(n, n + 3));
    await Promise.all(
      reports.map((report, n) =>
        world.client.reportCoverage("deliveries", { ...report, version: `v${n % 3}` }),
      ),
    );
    expect(await world.client.audit("deliveries", hours(0, 22))).toMatchObject({ isComplete: true });
  });

  it.each([
    [{ lower: T0, upper: T0 }, "lower"],
    [{ lower: "yesterday", upper: T0 }, "lower"],
    [{ lower: T0, upper: "2026-01-02" }, "upper"],
    [{ ...hours(0, 1), version: "" }, "version"],
    [{ ...hours(0, 1), version: "x".repeat(201) }, "version"],
    [{ ...hours(0, 1), note: 7 }, "note"],
  ])("is refused as %j", async (report, field) => {
    const world = await sourceWorld();
    const refused = world.client.reportCoverage("deliveries", report as never);
    await expect(refused).rejects.toMatchObject({ code: "INTERVAL_INVALID", field });
  });

  it("is for source groups only", async () => {
    const world = await World.start();
    await world.client.register(hourly("orders"));
    const report = (groupId: string) => world.client.reportCoverage(groupId, hours(0, 1));
    await expect(report("orders")).rejects.toMatchObject({ code: "SCHEDULE_STATUS_ILLEGAL" });
    await expect(report("nobody")).rejects.toMatchObject({ code: "SCHEDULE_NOT_FOUND" });
  });

  it("wakes the gated runs that wait for the group", async () => {
    const gate = new ScriptedGate();
    const world = await sourceWorld({ gates: [gate] });
    let isThere = false;
    gate.answer = () =>
      isThere ? { isOpen: true } : closed({ wokenBy: ["deliveries"], lookAgainAt: T0 + DAY });
    await world.client.register(hourly("orders", { gates: { door: {} } }));
    await world.fireAt("orders", T0 + HOUR);
    expect((await world.runs("orders"))[0]).toMatchObject({ place: "gated" });
    isThere = true;
    await world.client.reportCoverage("deliveries", hours(0, 1));
    await world.settle();
    expect((await world.runs("orders"))[0]).toMatchObject({ state: "SUCCEEDED" });
  });
});

describe("the coverage of a group", () => {
  it("is what has succeeded, with what is missing and a digest that changes with it", async () => {
    const world = await sourceWorld();
    const empty = await world.client.coverage("deliveries", hours(0, 4));
    expect(empty).toEqual({
      groupId: "deliveries",
      range: hours(0, 4),
      isCovered: false,
      missing: [hours(0, 4)],
      generationDigest: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    await world.client.reportCoverage("deliveries", hours(1, 2));
    const partly = await world.client.coverage("deliveries", hours(0, 4));
    expect(partly.missing).toEqual([hours(0, 1), hours(2, 4)]);
    expect(partly.generationDigest).not.toBe(empty.generationDigest);
    expect(intersect(partly.missing, [hours(1, 2)])).toEqual([]);
  });

  it("is that of a schedule's runs, too, and wakes who waits for it when one succeeds here, at once", async () => {
    const world = await World.start({ dispatcher: { pollMs: DAY } });
    await world.client.register(hourly("orders"));
    await world.advance(HOUR - 1_000);
    const asked = world.client.coverage("orders", hours(0, 1), { waitMs: 60_000 });
    await world.fireAt("orders", T0 + HOUR);
    expect(await asked).toMatchObject({ isCovered: true, missing: [] });
    expect(world.clock.now()).toBe(T0 + HOUR);
  });

  it("wakes who waits for it when it is reported here, at once", async () => {
    const world = await sourceWorld();
    const asked = world.client.coverage("deliveries", hours(0, 2), { waitMs: 60_000 });
    await world.client.reportCoverage("deliveries", hours(0, 1));
    await world.client.reportCoverage("deliveries", hours(1, 2));
    expect(await asked).toMatchObject({ isCovered: true, missing: [] });
  });

  it("is found by reading the store again when another manager has written it", async () => {
    const store = new MemoryStore();
    const world = await sourceWorld({ store });
    const other = await World.start({ store, clock: world.clock });
    const asked = world.client.coverage("deliveries", hours(0, 1), { waitMs: 60_000 });
    await other.client.reportCoverage("deliveries", hours(0, 1));
    await world.advance(1_000);
    expect(await asked).toMatchObject({ isCovered: true });
  });

  it("ends its waits when the time is over, the caller has gone, or the manager stops", async () => {
    const world = await sourceWorld();
    const late = world.client.coverage("deliveries", hours(0, 1), { waitMs: 5_000 });
    await world.advance(5_000);
    expect(await late).toMatchObject({ isCovered: false });
    const gone = new AbortController();
    const left = world.client.coverage("deliveries", hours(0, 1), { waitMs: 60_000, signal: gone.signal });
    await world.settle();
    gone.abort();
    expect(await left).toMatchObject({ isCovered: false });
    const stopped = world.client.coverage("deliveries", hours(0, 1), { waitMs: 60_000 });
    await world.settle();
    await world.stop();
    expect(await stopped).toMatchObject({ isCovered: false });
  });

  it("is refused for an empty range, too long a wait, and a group that nobody knows", async () => {
    const world = await sourceWorld();
    const invalid = (field: string) => ({ code: "INTERVAL_INVALID", field });
    const { client } = world;
    await expect(client.coverage("deliveries", hours(1, 1))).rejects.toMatchObject(invalid("range"));
    for (const waitMs of [-1, 60_001, Number.NaN])
      await expect(client.coverage("deliveries", hours(0, 1), { waitMs })).rejects.toMatchObject(
        invalid("waitMs"),
      );
    await expect(client.coverage("nobody", hours(0, 1))).rejects.toMatchObject({
      code: "SCHEDULE_NOT_FOUND",
    });
    await world.advance(MINUTE);
  });
});
