import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { OperatorError, SourceError } from "../../src/errors/errors.js";
import { offsetsOf } from "../../src/offset/offset-vector.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { HOUR, MINUTE, T0 } from "../support/instants.js";
import { byPositions, hourly } from "../support/schedules.js";
import { failed } from "../support/scripted-operator.js";
import { ScriptedSource } from "../support/scripted-source.js";
import { World } from "../support/world.js";

let world: World;
let source: ScriptedSource;

beforeEach(async () => {
  source = new ScriptedSource("log", { "0": 10, "1": 5 });
  world = await World.start({ offsetProviders: [source] });
});
afterEach(() => world.stop());

const reading = (more: Partial<ScheduleInfo> = {}): ScheduleInfo => byPositions("g", more);

/** The runs of the group: hours since T0, the positions in each partition, and the reason or the state. */
async function ledger(): Promise<[number, number, Record<string, string> | null, string][]> {
  const runs = await world.runs("g");
  return runs.map(({ lower, upper, offsets, reason, state }) => {
    const ranges = Object.entries(offsets?.upper ?? {}).map(([partition, end]) => [
      partition,
      `${offsets!.lower[partition]}-${end}`,
    ]);
    const hours = (instant: number) => (instant - T0) / HOUR;
    return [
      hours(lower),
      hours(upper),
      offsets === null ? null : (Object.fromEntries(ranges) as Record<string, string>),
      reason ?? state,
    ];
  });
}

/** What the jobs were to read, in order. */
const submitted = (): unknown[] =>
  world.operator.submissions.map(({ lowerBound, upperBound }) => [
    offsetsOf(lowerBound),
    offsetsOf(upperBound),
  ]);

describe("a group that is read by positions", () => {
  it("gets what its source has grown by, in each partition, at each fire", async () => {
    await world.client.register(reading());
    await world.fireAt("g", T0 + HOUR);
    source.write("0", 2);
    source.write("1", 1);
    await world.fireAt("g", T0 + 2 * HOUR);
    expect(await ledger()).toEqual([
      [0, 1, { "0": "0-10", "1": "0-5" }, "SUCCEEDED"],
      [1, 2, { "0": "10-12", "1": "5-6" }, "SUCCEEDED"],
    ]);
    expect(world.operator.submissions[1]).toMatchObject({
      boundaryType: "OFFSET",
      lowerBound: '{"0":"10","1":"5"}',
      upperBound: '{"0":"12","1":"6"}',
      sourceIncarnation: "first",
      interval: { lower: T0 + HOUR, upper: T0 + 2 * HOUR },
      scheduledTime: T0 + 2 * HOUR,
    });
    expect((await world.client.get("g")).offsets).toEqual({
      incarnation: "first",
      epoch: 1,
      origin: { "0": "0", "1": "0" },
      position: { "0": "12", "1": "6" },
      latest: { "0": "12", "1": "6" },
      lookedAt: T0 + 2 * HOUR,
      rebase: null,
    });
  });

  it("tells its source how far it was read, so that data which appears below is noticed", async () => {
    await world.client.register(reading());
    await world.fireAt("g", T0 + HOUR);
    source.write("0", 2);
    await world.fireAt("g", T0 + 2 * HOUR);
    const upTo = { "0": "10", "1": "5" };
    expect(source.readings.at(-1)).toEqual({ incarnation: "first", upTo, at: T0 + HOUR });
    source.failure = new SourceError(
      "SOURCE_INVALID",
      "The file 0 appeared behind files that had been read.",
    );
    await world.fireAt("g", T0 + 3 * HOUR);
    expect((await ledger()).length).toBe(2);
  });

  it("keeps its positions through all attempts, whatever the source has grown by meanwhile", async () => {
    world.operator.answer = ({ attempt }) => {
      source.write("0", 100);
      return attempt < 3 ? failed("down") : { state: "SUCCEEDED" };
    };
    await world.client.register(reading({ backoff: { initialMs: 1_000, maxMs: 1_000 } }));
    await world.fireAt("g", T0 + HOUR);
    await world.advance(MINUTE);
    expect(new Set(submitted().map((bounds) => JSON.stringify(bounds))).size).toBe(1);
    expect(world.operator.submissions).toHaveLength(3);
    expect(await ledger()).toEqual([[0, 1, { "0": "0-10", "1": "0-5" }, "SUCCEEDED"]]);
  });

  it("plans one vector if it is fired twice at once", async () => {
    await world.client.register(reading());
    await world.clock.advanceTo(T0 + HOUR);
    source.onLook = () => source.write("0", 1);
    const fires = [1, 2, 3].map(() => world.engine.fire("g", T0 + HOUR));
    const results = (await Promise.all(fires)).flat();
    await world.settle();
    expect(results.map(({ outcome }) => outcome).sort()).toEqual(["duplicate", "duplicate", "planned"]);
    const [only, ...others] = await ledger();
    expect(others).toEqual([]);
    await world.fireAt("g", T0 + 2 * HOUR);
    const end = only![2]!["0"]!.split("-")[1];
    expect((await ledger())[1]![2]!["0"]).toMatch(new RegExp(`^${end}-`));
  });

  it("reads what is owed together as one run, since a source tells its end as it is now", async () => {
    await world.client.register(reading());
    await world.fireAt("g", T0 + 3 * HOUR);
    expect(await ledger()).toEqual([[0, 3, { "0": "0-10", "1": "0-5" }, "catchup-coalesced"]]);
    expect((await world.runs("g"))[0]!.intervals).toBe(3);
  });

  it("reads everything up to the newest position in mode full", async () => {
    await world.client.register(reading({ mode: "full" }));
    await world.fireAt("g", T0 + HOUR);
    expect(world.operator.submissions[0]).toMatchObject({
      lowerBound: "beginning",
      upperBound: '{"0":"10","1":"5"}',
    });
  });
});

describe("where reading begins", () => {
  it("is the end as of the registration with latest, not as of the first fire", async () => {
    await world.client.register(reading({ startAt: "latest" }));
    source.write("0", 3);
    await world.fireAt("g", T0 + HOUR);
    expect(await ledger()).toEqual([[0, 1, { "0": "10-13", "1": "5-5" }, "SUCCEEDED"]]);
  });

  it("is an instant, or positions; a partition that is not named begins at its earliest", async () => {
    source.write("0", 4, T0);
    await world.client.register(reading({ startAt: { time: "2026-01-01T00:00:00Z" } }));
    await world.client.register({ ...reading({ startAt: { offsets: { "0": "7" } } }), groupId: "h" });
    await world.clock.advanceTo(T0 + HOUR);
    await world.engine.fire("g", T0 + HOUR);
    await world.engine.fire("h", T0 + HOUR);
    await world.settle();
    expect(submitted()).toEqual([
      [
        { "0": "10", "1": "5" },
        { "0": "14", "1": "5" },
      ],
      [
        { "0": "7", "1": "0" },
        { "0": "14", "1": "5" },
      ],
    ]);
  });

  it("is an instant that may be still to come: until then there is nothing to read", async () => {
    const time = T0 + 90 * MINUTE;
    await world.client.register(reading({ startAt: { time } }));
    await world.fireAt("g", T0 + HOUR);
    expect(await ledger()).toEqual([[0, 1, null, "source-empty"]]);
    expect((await world.client.get("g")).offsets).toBeNull();
    source.write("0", 2, time - 1);
    source.write("0", 3, time);
    await world.fireAt("g", T0 + 2 * HOUR);
    expect(await ledger()).toEqual([
      [0, 1, null, "source-empty"],
      [1, 2, { "0": "12-15", "1": "5-5" }, "SUCCEEDED"],
    ]);
    expect(await world.client.audit("g")).toMatchObject({ isSound: true, isComplete: true });
  });

  it("is the end that was seen if the source grows before it is asked for the instant", async () => {
    await world.client.register(reading({ startAt: { time: T0 + HOUR } }));
    source.onAt = () => {
      source.write("0", 2, T0);
      source.write("2", 1, T0);
    };
    await world.fireAt("g", T0 + HOUR);
    source.onAt = () => {};
    expect(await ledger()).toEqual([[0, 1, { "0": "10-10", "1": "5-5" }, "source-empty"]]);
  });

  it("has to be a place that the source has", async () => {
    await world.client.register(reading({ startAt: { offsets: { "7": "1" } } }));
    await world.fireAt("g", T0 + HOUR);
    expect(await ledger()).toEqual([]);
    expect((await world.client.get("g")).statusReason).toBe(
      "Cannot be planned: SOURCE_INVALID: startAt.offsets.7: the source has no such partition.",
    );
  });
});

describe("a source that has nothing new", () => {
  it("makes the interval succeed without a job, so that those who depend on it go on", async () => {
    await world.client.register(reading());
    await world.client.register(hourly("report", { dependsOn: { groupId: "g" } }));
    await world.fireAt("g", T0 + HOUR);
    await world.fireAt("g", T0 + 2 * HOUR);
    await world.fireAt("report", T0 + 2 * HOUR);
    expect(await ledger()).toEqual([
      [0, 1, { "0": "0-10", "1": "0-5" }, "SUCCEEDED"],
      [1, 2, { "0": "10-10", "1": "5-5" }, "source-empty"],
    ]);
    expect((await world.runs("g"))[1]).toMatchObject({ state: "SUCCEEDED", attempt: 0, jobId: null });
    expect((await world.runs("report")).map(({ state }) => state)).toEqual(["SUCCEEDED", "SUCCEEDED"]);
    expect((await world.client.audit("g")).isComplete).toBe(true);
  });

  it("runs a job all the same if it is told to", async () => {
    await world.client.register(reading({ onEmpty: "run", startAt: "latest" }));
    await world.fireAt("g", T0 + HOUR);
    expect(await ledger()).toEqual([[0, 1, { "0": "10-10", "1": "5-5" }, "SUCCEEDED"]]);
    expect(submitted()).toHaveLength(1);
  });
});

describe("a source that cannot be asked", () => {
  it("holds the fire, says so, and is asked again after ever longer pauses", async () => {
    await world.client.register(reading());
    source.failure = new Error("connection refused");
    await world.fireAt("g", T0 + HOUR);
    expect(await ledger()).toEqual([]);
    expect(await world.client.get("g")).toMatchObject({
      status: "REGISTERED",
      statusReason: "Cannot be planned: SOURCE_UNAVAILABLE: The source cannot be asked: connection refused",
      watermark: T0,
      nextFireAt: T0 + HOUR + 5_000,
    });
    await world.advance(5_000);
    await world.engine.fire("g", T0 + HOUR);
    expect((await world.client.get("g")).nextFireAt).toBe(T0 + HOUR + 15_000);
    source.failure = undefined;
    await world.advance(10_000);
    await world.engine.fire("g", T0 + HOUR);
    await world.settle();
    expect(await ledger()).toEqual([[0, 1, { "0": "0-10", "1": "0-5" }, "SUCCEEDED"]]);
    expect((await world.client.get("g")).statusReason).toBeNull();
  });

  it("holds up no other group, and is planned when it answers", async () => {
    let answer: () => void = () => {};
    source.until = new Promise((resolve) => {
      answer = resolve;
    });
    await world.client.register(reading());
    await world.client.register(hourly("other"));
    await world.clock.advanceTo(T0 + HOUR);
    const fires = world.engine.fireMany([
      { groupId: "g", scheduledTime: T0 + HOUR },
      { groupId: "other", scheduledTime: T0 + HOUR },
    ]);
    await world.advance(1_000);
    expect((await fires).map(({ outcome }) => outcome)).toEqual(["deferred", "planned"]);
    expect(await world.runs("other")).toHaveLength(1);
    expect(await ledger()).toEqual([]);
    answer();
    await world.settle();
    expect(await ledger()).toEqual([[0, 1, { "0": "0-10", "1": "0-5" }, "SUCCEEDED"]]);
  });

  it("counts as one that fails if it does not answer in time", async () => {
    source.until = new Promise(() => {});
    await world.client.register(reading());
    await world.clock.advanceTo(T0 + HOUR);
    const fired = world.engine.fire("g", T0 + HOUR);
    await world.advance(31_000);
    await fired;
    expect((await world.client.get("g")).statusReason).toBe(
      "Cannot be planned: SOURCE_UNAVAILABLE: The source cannot be asked: it did not answer within 30000 ms",
    );
  });
});

describe("a source that changes", () => {
  it("has a new partition read from its earliest position, and goes on without one that was read to its end", async () => {
    await world.client.register(reading({ startAt: "latest" }));
    source.write("2", 4);
    source.expire("2", 1);
    source.partitions.delete("1");
    await world.fireAt("g", T0 + HOUR);
    expect(await ledger()).toEqual([[0, 1, { "0": "10-10", "2": "1-4" }, "SUCCEEDED"]]);
  });

  it.each([
    ["fail", "FAILED", []],
    ["record", "REGISTERED", [{ "1": expect.stringMatching(/^[1-4]-5$/) }]],
  ] as const)(
    "loses what was planned to be read of a partition that is gone, with onLoss: %s",
    async (onLoss, status, lost) => {
      await world.client.register(reading({ onLoss, limit: { records: 5, maxRuns: 1 } }));
      await world.fireAt("g", T0 + HOUR);
      expect(await ledger()).toHaveLength(1);
      source.partitions.delete("1");
      await world.fireAt("g", T0 + 2 * HOUR);
      const schedule = await world.client.get("g");
      expect(schedule.status).toBe(status);
      if (onLoss === "fail") expect(schedule.statusReason).toMatch(/OFFSETS_EXPIRED: .*partition 1 \[/);
      const expired = (await ledger()).filter(([, , , reason]) => reason === "source-expired");
      expect(expired.map(([, , positions]) => positions)).toEqual(lost);
    },
  );

  it("stops the group if positions have expired unread, and names them and the ways out", async () => {
    await world.client.register(reading());
    await world.fireAt("g", T0 + HOUR);
    source.write("0", 20);
    source.expire("0", 25);
    await world.fireAt("g", T0 + 2 * HOUR);
    const schedule = await world.client.get("g");
    expect(schedule).toMatchObject({ status: "FAILED", watermark: T0 + HOUR });
    expect(schedule.statusReason).toMatch(
      /OFFSETS_EXPIRED: .*partition 0 \[10, 25\).*onLoss: "record".*rebase/,
    );
    expect(await ledger()).toHaveLength(1);
    await world.tidegate.reconcile();
    expect((await world.client.get("g")).status).toBe("FAILED");
    await world.client.update(reading({ onLoss: "record" }), { version: schedule.version });
    await world.fireAt("g", T0 + 3 * HOUR);
    expect(await ledger()).toEqual([
      [0, 1, { "0": "0-10", "1": "0-5" }, "SUCCEEDED"],
      [1, 1, { "0": "10-25" }, "source-expired"],
      [1, 3, { "0": "25-30", "1": "5-5" }, "catchup-coalesced"],
    ]);
    expect(await world.client.get("g")).toMatchObject({ status: "REGISTERED", statusReason: null });
  });

  it.each([
    [
      "fail",
      [
        [0, 1, { "0": "0-10", "1": "0-5" }, "SUCCEEDED"],
        [1, 2, { "0": "10-20", "1": "5-5" }, "overlap-cancelled"],
      ],
    ],
    [
      "record",
      [
        [0, 1, { "0": "0-10", "1": "0-5" }, "SUCCEEDED"],
        [1, 2, { "0": "10-20", "1": "5-5" }, "overlap-cancelled"],
        [1, 3, { "0": "13-40", "1": "5-5" }, "overlap-coalesced"],
        [2, 2, { "0": "10-13" }, "source-expired"],
      ],
    ],
  ] as const)(
    "loses what expires before a run that was cancelled is read again, with onLoss: %s",
    async (onLoss, expected) => {
      await world.client.register(reading({ overlap: "cancel-running", onLoss }));
      await world.fireAt("g", T0 + HOUR);
      source.write("0", 10);
      world.operator.answer = () => "runs";
      await world.fireAt("g", T0 + 2 * HOUR);
      source.write("0", 20);
      source.expire("0", 13);
      world.operator.answer = () => ({ state: "SUCCEEDED" });
      await world.fireAt("g", T0 + 3 * HOUR);
      await world.advance(MINUTE);
      expect(await ledger()).toEqual(expected);
      const { status, statusReason } = await world.client.get("g");
      if (onLoss === "fail") {
        expect(status).toBe("FAILED");
        expect(statusReason).toMatch(/OFFSETS_EXPIRED: .*partition 0 \[10, 13\)/);
        return;
      }
      const { isSound, offsets } = await world.client.audit("g");
      expect(isSound).toBe(true);
      expect(offsets[0]!.partitions[0]).toMatchObject({
        lost: [{ lower: "10", upper: "13" }],
        gaps: [],
        overlaps: [],
        unread: [],
      });
    },
  );

  it.each([
    ["SOURCE_REPLACED", () => source.replace("second", { "0": 100, "1": 100 })],
    ["SOURCE_REWOUND", () => source.rewind("0", 4)],
  ])("stops the group with %s, whatever it says about losses", async (code, change) => {
    await world.client.register(reading({ onLoss: "record" }));
    await world.fireAt("g", T0 + HOUR);
    change();
    await world.fireAt("g", T0 + 2 * HOUR);
    const { status, statusReason } = await world.client.get("g");
    expect({ status, statusReason }).toEqual({
      status: "FAILED",
      statusReason: expect.stringContaining(`Cannot be planned: ${code}: Source log of group g`),
    });
    expect(await ledger()).toHaveLength(1);
  });
});

describe("a limit", () => {
  it("cuts what a fire finds into consecutive runs, which tile its time and its positions", async () => {
    source.write("0", 80);
    await world.client.register(reading({ limit: { records: 40 } }));
    await world.fireAt("g", T0 + HOUR);
    for (let n = 0; n < 5; n += 1) await world.settle();
    const runs = await ledger();
    expect(runs.map(([, , positions]) => positions)).toEqual([
      { "0": "0-37", "1": "0-2" },
      { "0": "37-74", "1": "2-4" },
      { "0": "74-90", "1": "4-5" },
    ]);
    expect(runs.map(([lower]) => lower)).toEqual([0, 1 / 3, 2 / 3]);
    expect((await world.client.audit("g")).isComplete).toBe(true);
  });

  it("leaves the rest to the next fire", async () => {
    source.write("0", 80);
    await world.client.register(reading({ limit: { records: 40, maxRuns: 1 } }));
    await world.fireAt("g", T0 + HOUR);
    await world.fireAt("g", T0 + 2 * HOUR);
    expect((await ledger()).map(([, , positions]) => positions!["0"])).toEqual(["0-37", "37-74"]);
    expect((await world.client.get("g")).offsets).toMatchObject({
      position: { "0": "74", "1": "4" },
      latest: { "0": "90", "1": "5" },
    });
  });
});

describe("registration refuses", () => {
  it.each<[string, Partial<ScheduleInfo>, string, string]>([
    ["a source without a start", { startAt: null }, "SCHEDULE_INVALID", "startAt"],
    ["no source", { source: null }, "SCHEDULE_INVALID", "source"],
    ["a provider that is not installed", { source: { type: "queue" } }, "SOURCE_UNKNOWN", "source.type"],
    ["a source that the provider refuses", { source: { type: "log" } }, "SCHEDULE_INVALID", "source.topic"],
    ["a start that is none", { startAt: "newest" as "latest" }, "SCHEDULE_INVALID", "startAt"],
    [
      "positions that are none",
      { startAt: { offsets: { "0": "x" } } },
      "SCHEDULE_INVALID",
      "startAt.offsets.0",
    ],
    ["a limit of nothing", { limit: { maxRuns: 1 } }, "SCHEDULE_INVALID", "limit"],
    ["an inclusive end", { endRule: "inclusive" }, "SCHEDULE_INVALID", "endRule"],
    ["a source for boundaries of time", { boundaryType: "TIME" }, "SCHEDULE_INVALID", "source"],
  ])("%s", async (_, more, code, field) => {
    await expect(world.client.register(reading(more))).rejects.toMatchObject({ code, field });
  });

  it("a job that reads another source, also when it is updated", async () => {
    world.operator.validateSource = ({ topic }, { topic: planned }) => {
      if (topic !== planned)
        throw new OperatorError("JOB_INVALID", "job.topic: differs.", { field: "job.topic" });
    };
    const refusal = { code: "JOB_INVALID", field: "job.topic" };
    const returns = reading({ job: { topic: "returns" } });
    await expect(world.client.register(returns)).rejects.toMatchObject(refusal);
    await world.client.register(reading({ job: { topic: "orders" } }));
    await expect(world.client.update(returns, { version: 1 })).rejects.toMatchObject(refusal);
  });

  it("a source that cannot be asked where it ends, if reading begins there", async () => {
    source.failure = new SourceError("SOURCE_UNAVAILABLE", "away");
    await expect(world.client.register(reading({ startAt: "latest" }))).rejects.toMatchObject({
      code: "SOURCE_UNAVAILABLE",
    });
    await world.client.register(reading());
  });

  it("another source once reading has begun, but not another way to read it", async () => {
    await world.client.register(reading());
    await world.client.update(reading({ source: { type: "log", topic: "returns" } }), { version: 1 });
    await world.fireAt("g", T0 + HOUR);
    const other = reading({ source: { type: "log", topic: "orders" } });
    const refusal = {
      code: "SCHEDULE_INVALID",
      field: "source",
      message: expect.stringContaining("rebase the group"),
    };
    await expect(world.client.update(other, { version: 2 })).rejects.toMatchObject(refusal);
    await expect(world.client.ensure(other)).rejects.toMatchObject(refusal);
    const slower = reading({ source: { type: "log", topic: "returns", waitMs: 10 } });
    await world.client.update(slower, { version: 2 });
    await world.client.unregister("g");
    await expect(world.client.register(other)).rejects.toMatchObject(refusal);
    await world.client.register(slower);
    source.write("0", 1);
    await world.fireAt("g", T0 + 2 * HOUR);
    expect((await ledger()).map(([, , positions]) => positions!["0"])).toEqual(["0-10", "10-11"]);
  });

  it("another measure of a ledger's data", async () => {
    await world.client.register(hourly("g"));
    await expect(world.client.update(reading(), { version: 1 })).rejects.toMatchObject({
      code: "SCHEDULE_INVALID",
      field: "boundaryType",
    });
  });
});
