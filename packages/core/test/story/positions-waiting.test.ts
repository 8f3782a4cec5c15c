import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { SourceError } from "../../src/errors/errors.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { HOUR, MINUTE, SECOND, T0 } from "../support/instants.js";
import { byPositions, hourly } from "../support/schedules.js";
import { failed, SUCCEEDED } from "../support/scripted-operator.js";
import { ScriptedSource } from "../support/scripted-source.js";
import { World } from "../support/world.js";

let world: World;
let source: ScriptedSource;

beforeEach(async () => {
  source = new ScriptedSource("log", { "0": 10 });
  world = await World.start({ offsetProviders: [source] });
});
afterEach(() => world.stop());

const reading = (more: Partial<ScheduleInfo> = {}): ScheduleInfo => byPositions("g", more);

/** The first run is at work for an hour; the second one waits for it, with the positions from 10 to 20. */
async function waiting(more: Partial<ScheduleInfo> = {}): Promise<void> {
  world.operator.answer = () => "runs";
  await world.client.register(reading(more));
  await world.fireAt("g", T0 + HOUR);
  source.write("0", 10);
  await world.fireAt("g", T0 + 2 * HOUR);
}

/** Lets what waits begin, a minute later. */
async function goOn(): Promise<void> {
  world.operator.answer = () => SUCCEEDED;
  await world.advance(MINUTE);
  world.operator.endAll();
  await world.settle();
  await world.settle();
}

const ledger = async (): Promise<[number, number, string, string][]> =>
  (await world.runs("g", { includeSuperseded: false })).map(({ lower, upper, offsets, reason, state }) => [
    (lower - T0) / HOUR,
    (upper - T0) / HOUR,
    offsets === null ? "" : `${offsets.lower["0"]}-${offsets.upper["0"]}`,
    reason ?? state,
  ]);

const submitted = (): string[] =>
  world.operator.submissions.map(({ lowerBound, upperBound }) => `${lowerBound} ${upperBound}`);

describe("a run that waited while its source lost positions", () => {
  it("fails without being submitted, and names them and the ways out", async () => {
    await waiting();
    source.expire("0", 13);
    await goOn();
    expect(submitted()).toEqual(['{"0":"0"} {"0":"10"}']);
    const [, run] = await world.runs("g");
    expect(run).toMatchObject({ state: "FAILED", isBlocking: true, isJobOpen: false });
    expect(run!.error).toEqual({
      code: "OFFSETS_EXPIRED",
      message: expect.stringMatching(/group g lost .*partition 0 \[10, 13\).*onLoss: "record".*"resnapshot"/),
    });
  });

  it("reads what is left with onLoss: record, beside a row for what was lost", async () => {
    await waiting({ onLoss: "record" });
    source.expire("0", 13);
    await goOn();
    expect(submitted().slice(1)).toEqual(['{"0":"13"} {"0":"20"}']);
    expect(await ledger()).toEqual([
      [0, 1, "0-10", "SUCCEEDED"],
      [1, 1, "10-13", "source-expired"],
      [1, 2, "13-20", "SUCCEEDED"],
    ]);
    const { isSound, offsets } = await world.client.audit("g");
    expect(isSound).toBe(true);
    expect(offsets[0]!.partitions[0]).toMatchObject({
      gaps: [],
      overlaps: [],
      unread: [],
      lost: [{ lower: "10", upper: "13" }],
    });
  });

  it("says that positions expired, and how the next plan goes on", async () => {
    await waiting({ onLoss: "record" });
    source.expire("0", 13);
    await goOn();
    const [lost] = await world.runs("g", { states: ["CANCELLED"] });
    expect(lost!.error!.message).toMatch(
      /partition 0 \[10, 13\)\. The next plan records them as lost and reads the rest\.$/,
    );
    expect(lost!.reason).toBe("source-expired");
    const { reasons } = await world.client.explain(lost!.id);
    expect(reasons[0]).toMatch(
      /^It is CANCELLED \(source-expired\): .*lost positions of the run while it waited/,
    );
  });

  it("reads what is left as well if it was planned while its schedule was paused", async () => {
    await world.client.register(reading({ onLoss: "record", backoff: { initialMs: MINUTE, maxMs: MINUTE } }));
    await world.client.pause("g", "by hand");
    world.operator.answer = () => {
      source.expire("0", 4);
      return failed("down");
    };
    await world.advance(HOUR + MINUTE);
    await world.client.trigger("g", undefined, { drain: true });
    await world.settle();
    expect(await world.runs("g")).toMatchObject([{ kind: "MANUAL", generation: 0 }]);
    world.operator.answer = () => SUCCEEDED;
    await world.advance(MINUTE);
    await world.client.resume("g");
    await world.client.trigger("g", undefined, { drain: true });
    await world.settle();
    const rest = await world.runs("g", { includeSuperseded: false });
    expect(rest.map(({ offsets, state }) => [offsets?.lower["0"], offsets?.upper["0"], state])).toEqual([
      ["0", "4", "SKIPPED"],
      ["4", "10", "SUCCEEDED"],
      ["10", "10", "SUCCEEDED"],
    ]);
  });

  it("has nothing to read if all of it was lost", async () => {
    await waiting({ onLoss: "record" });
    source.write("0", 5);
    source.expire("0", 22);
    await goOn();
    expect(submitted()).toHaveLength(1);
    expect(await ledger()).toEqual([
      [0, 1, "0-10", "SUCCEEDED"],
      [1, 1, "10-20", "source-expired"],
      [1, 2, "20-20", "source-empty"],
    ]);
  });

  it("is one of several that lost positions, each of which is recorded by itself", async () => {
    await waiting({ onLoss: "record" });
    source.write("0", 10);
    await world.fireAt("g", T0 + 3 * HOUR);
    source.expire("0", 25);
    await goOn();
    await world.settle();
    expect(await ledger()).toEqual([
      [0, 1, "0-10", "SUCCEEDED"],
      [1, 1, "10-20", "source-expired"],
      [1, 2, "20-20", "source-empty"],
      [2, 2, "20-25", "source-expired"],
      [2, 3, "25-30", "SUCCEEDED"],
    ]);
  });

  it.each([
    ["a later one", {}],
    ["the last one of an ended schedule", { endTime: T0 + 3 * HOUR }],
    ["a later one, although a failure would not hold it", { onFailure: "continue" }],
    ["a later one, and pauses nothing", { onFailure: "pause" }],
  ] as const)("reads what is left before %s", async (_, more) => {
    await waiting({ onLoss: "record", overlap: "queue", ...more });
    source.write("0", 10);
    await world.fireAt("g", T0 + 3 * HOUR);
    source.expire("0", 13);
    await goOn();
    await world.settle();
    expect(submitted().slice(1)).toEqual(['{"0":"13"} {"0":"20"}', '{"0":"20"} {"0":"30"}']);
    expect(await world.client.get("g")).toMatchObject({ blockingRuns: 0, waitingRuns: 0 });
    expect((await world.client.audit("g")).isSound).toBe(true);
  });

  it("reads what is left before a later one as well if the schedule has snapshots", async () => {
    world.operator.writesOf = () => "upsert";
    world.operator.canReadAt = () => true;
    world.operator.replacesTarget = () => true;
    const mode = "full-then-incremental";
    await world.client.register(reading({ mode, onLoss: "record", overlap: "queue" }));
    await world.fireAt("g", T0 + HOUR);
    world.operator.answer = () => "runs";
    for (let hour = 2; hour <= 4; hour += 1) {
      source.write("0", 10);
      await world.fireAt("g", T0 + hour * HOUR);
    }
    source.expire("0", 23);
    await goOn();
    await world.settle();
    expect(submitted().slice(2)).toEqual(['{"0":"23"} {"0":"30"}', '{"0":"30"} {"0":"40"}']);
    expect(await world.client.get("g")).toMatchObject({ blockingRuns: 0, waitingRuns: 0 });
    expect((await world.client.audit("g")).isSound).toBe(true);
  });

  it("may lose positions again where some were lost before", async () => {
    world.operator.answer = () => "runs";
    await world.client.register(reading({ onLoss: "record" }));
    await world.fireAt("g", T0 + HOUR);
    source.write("0", 20);
    source.expire("0", 15);
    await world.fireAt("g", T0 + 2 * HOUR);
    source.expire("0", 18);
    await goOn();
    expect(await ledger()).toEqual([
      [0, 1, "0-10", "SUCCEEDED"],
      [1, 1, "10-15", "source-expired"],
      [1, 1, "15-18", "source-expired"],
      [1, 2, "18-30", "SUCCEEDED"],
    ]);
    const { isSound, offsets } = await world.client.audit("g");
    expect(isSound).toBe(true);
    expect(offsets[0]!.partitions[0]!.lost).toEqual([
      { lower: "10", upper: "15" },
      { lower: "15", upper: "18" },
    ]);
  });

  it("is made up for by a copy of everything with onLoss: resnapshot", async () => {
    world.operator.writesOf = () => "upsert";
    world.operator.canReadAt = () => true;
    world.operator.replacesTarget = () => true;
    await world.client.register(reading({ mode: "full-then-incremental", onLoss: "resnapshot" }));
    await world.fireAt("g", T0 + HOUR);
    world.operator.answer = () => "runs";
    source.write("0", 10);
    await world.fireAt("g", T0 + 2 * HOUR);
    source.write("0", 10);
    await world.fireAt("g", T0 + 3 * HOUR);
    source.expire("0", 23);
    const before = submitted().length;
    await goOn();
    source.write("0", 1);
    await world.fireAt("g", T0 + 4 * HOUR);
    await world.settle();
    expect(submitted().slice(before)).toEqual(['beginning {"0":"31"}']);
    const [lost] = await world.runs("g", { states: ["CANCELLED"] });
    expect(lost!.error!.message).toMatch(/partition 0 \[20, 23\)\. The next plan copies everything anew\.$/);
    const copy = (await world.runs("g", { includeSuperseded: false })).at(-1)!;
    expect(copy).toMatchObject({ lower: T0 + 2 * HOUR, state: "SUCCEEDED", snapshot: { cause: "loss" } });
    expect((await world.client.audit("g")).isComplete).toBe(true);
  });

  it("is read again by a person without success, and what is left is read", async () => {
    world.operator.answer = () => failed("down", false);
    await world.client.register(reading({ onLoss: "record" }));
    await world.fireAt("g", T0 + HOUR);
    await world.client.trigger("g", { lower: T0, upper: T0 + HOUR });
    await world.settle();
    source.expire("0", 4);
    world.operator.answer = () => SUCCEEDED;
    await world.advance(MINUTE);
    expect(await world.client.retryRuns("g")).toHaveLength(1);
    await world.advance(MINUTE);
    await world.fireAt("g", T0 + 2 * HOUR);
    expect(await ledger()).toEqual([
      [0, 0, "0-4", "source-expired"],
      [0, 1, "4-10", "SUCCEEDED"],
      [1, 2, "10-10", "source-empty"],
    ]);
    expect((await world.client.audit("g")).offsets[0]!.partitions[0]!.unread).toEqual([]);
  });

  it("is a hand-over without a seam if it is the one behind a copy", async () => {
    world.operator.replacesTarget = () => true;
    await world.client.register(reading({ mode: "full-then-incremental", onLoss: "record" }));
    await world.fireAt("g", T0 + HOUR);
    source.write("0", 10);
    world.operator.answer = () => failed("down", false);
    await world.fireAt("g", T0 + 2 * HOUR);
    for (const upTo of [12, 15]) {
      source.expire("0", upTo);
      await world.advance(MINUTE);
      await world.client.retryRuns("g");
      await world.advance(MINUTE);
      await world.fireAt("g", T0 + (upTo === 12 ? 3 : 4) * HOUR);
    }
    expect((await ledger()).slice(1, 3).map(([, , offsets]) => offsets)).toEqual(["10-12", "12-15"]);
    const audit = await world.client.audit("g");
    expect(audit.snapshots).toEqual([expect.objectContaining({ isSeamless: true })]);
    expect(audit.isSound).toBe(true);
  });

  describe("with onLoss: resnapshot", () => {
    /** A copy of the first hour, an increment at work, and others behind it that read ten positions each. */
    async function behindOneAtWork(hours: number, more: Partial<ScheduleInfo> = {}): Promise<void> {
      world.operator.writesOf = () => "upsert";
      world.operator.canReadAt = () => true;
      world.operator.replacesTarget = () => true;
      await world.client.register(
        reading({ mode: "full-then-incremental", onLoss: "resnapshot", overlap: "queue", ...more }),
      );
      await world.fireAt("g", T0 + HOUR);
      world.operator.answer = () => "runs";
      for (let hour = 2; hour <= hours; hour += 1) {
        source.write("0", 10);
        await world.fireAt("g", T0 + hour * HOUR);
      }
    }

    it("is copied over its own interval if it was the last of its schedule", async () => {
      await behindOneAtWork(3, { endTime: T0 + 3 * HOUR });
      source.expire("0", 23);
      await goOn();
      expect(submitted().at(-1)).toBe('beginning {"0":"30"}');
      expect(await ledger()).toEqual([
        [0, 1, "0-10", "SUCCEEDED"],
        [1, 2, "10-20", "SUCCEEDED"],
        [2, 3, "20-30", "SUCCEEDED"],
      ]);
      const [copy] = await world.runs("g", { isSnapshot: true, order: "descending" });
      expect(copy).toMatchObject({ lower: T0 + 2 * HOUR, generation: 1, snapshot: { cause: "loss" } });
      expect(await world.client.audit("g")).toMatchObject({ isSound: true, isComplete: true });
    });

    it("leaves what is left to be read if a later run has read on after the last interval", async () => {
      await behindOneAtWork(4, { endTime: T0 + 4 * HOUR });
      source.expire("0", 23);
      await goOn();
      await world.settle();
      expect(await ledger()).toEqual([
        [0, 1, "0-10", "SUCCEEDED"],
        [1, 2, "10-20", "SUCCEEDED"],
        [2, 2, "20-23", "source-expired"],
        [2, 3, "23-30", "SUCCEEDED"],
        [3, 4, "30-40", "SUCCEEDED"],
      ]);
    });

    it("has lost what was lost, and no more, if later runs read on before the copy", async () => {
      await behindOneAtWork(4);
      source.expire("0", 23);
      await goOn();
      source.write("0", 1);
      await world.fireAt("g", T0 + 5 * HOUR);
      expect(submitted().at(-1)).toBe('beginning {"0":"41"}');
      expect((await ledger()).slice(2)).toEqual([
        [2, 2, "20-23", "source-expired"],
        [2, 3, "23-30", "snapshot-covered"],
        [3, 4, "30-40", "SUCCEEDED"],
        [4, 5, "40-41", "SUCCEEDED"],
      ]);
      const { isSound, succeeded, range, offsets } = await world.client.audit("g");
      expect([isSound, succeeded.ms]).toEqual([true, range.upper - range.lower]);
      expect(offsets[0]!.partitions[0]).toMatchObject({
        gaps: [],
        overlaps: [],
        unread: [],
        lost: [{ lower: "20", upper: "23" }],
      });
    });

    it.each(["record", "resnapshot"] as const)(
      "is not read behind a copy that a person had made meanwhile (%s)",
      async (onLoss) => {
        await world.stop();
        world = await World.start({ offsetProviders: [source], watchdogEveryMs: MINUTE });
        await behindOneAtWork(3, { onLoss });
        await world.advance(30 * MINUTE);
        await world.client.resnapshot("g");
        source.expire("0", 23);
        await goOn();
        await world.settle();
        expect(submitted().at(-1)).toBe('beginning {"0":"30"}');
        source.write("0", 1);
        await world.fireAt("g", T0 + 4 * HOUR);
        await world.advance(2 * MINUTE);
        expect(submitted().at(-1)).toBe('{"0":"30"} {"0":"31"}');
        expect((await ledger()).slice(2)).toEqual([
          [2, 3, "20-30", "snapshot-covered"],
          [3, 3.5, "30-30", "SUCCEEDED"],
          [3.5, 4, "30-31", "SUCCEEDED"],
        ]);
        expect(await world.client.audit("g")).toMatchObject({ isSound: true, isComplete: true });
      },
    );
  });

  it("fails for its first attempt and for a retry alike", async () => {
    world.operator.answer = () => {
      source.expire("0", 4);
      return failed("down");
    };
    await world.client.register(reading({ backoff: { initialMs: MINUTE, maxMs: MINUTE } }));
    await world.fireAt("g", T0 + HOUR);
    await world.advance(MINUTE);
    expect(world.operator.submissions).toHaveLength(1);
    const [run] = await world.runs("g");
    expect(run).toMatchObject({ state: "FAILED", attempt: 2, error: { code: "OFFSETS_EXPIRED" } });
  });

  it("leaves an interval as it is that was read before, whatever the schedule says about losses", async () => {
    await world.client.register(reading({ onLoss: "record" }));
    await world.fireAt("g", T0 + HOUR);
    source.expire("0", 4);
    await world.advance(MINUTE);
    await world.client.backfill({ groupId: "g", from: T0, to: T0 + HOUR, select: "all" });
    await world.settle();
    const [first, again] = await world.runs("g");
    expect(first).toMatchObject({ state: "SUCCEEDED", isSuperseded: false });
    expect(again).toMatchObject({ kind: "BACKFILL", state: "FAILED", error: { code: "OFFSETS_EXPIRED" } });
    expect(world.operator.submissions).toHaveLength(1);
  });

  it("reads everything that is left if its mode is full", async () => {
    await waiting({ mode: "full", overlap: "queue" });
    source.expire("0", 13);
    await goOn();
    expect(submitted().slice(1)).toEqual(['beginning {"0":"20"}']);
  });

  it("is retried by a person once the schedule says how to go on", async () => {
    await waiting();
    source.expire("0", 13);
    await goOn();
    const { version } = await world.client.get("g");
    await world.client.update(reading({ onLoss: "record" }), { version });
    const [, run] = await world.runs("g");
    await world.client.retryRun(run!.id, { version: "latest" });
    await world.settle();
    await world.settle();
    expect((await ledger()).slice(1)).toEqual([
      [1, 1, "10-13", "source-expired"],
      [1, 2, "13-20", "SUCCEEDED"],
    ]);
  });
});

describe("a run that waited while its source changed", () => {
  it.each([
    ["SOURCE_REPLACED", () => source.replace("second", { "0": 100 })],
    ["SOURCE_REWOUND", () => source.rewind("0", 15)],
  ])("fails with %s, whatever the schedule says about losses", async (code, change) => {
    await waiting({ onLoss: "record" });
    change();
    await goOn();
    expect(submitted()).toHaveLength(1);
    expect((await world.runs("g"))[1]).toMatchObject({ state: "FAILED", error: { code } });
  });

  it("loses what it was to read of a partition that is gone", async () => {
    await waiting();
    source.replace("first", { "1": 3 });
    await goOn();
    const [, run] = await world.runs("g");
    expect(run!.error!.message).toContain("partition 0 [10, 20)");
  });
});

describe("a run whose source cannot be asked", () => {
  it("waits with a reason and without an attempt, and goes on when it can", async () => {
    await waiting();
    source.failure = new SourceError("SOURCE_UNAVAILABLE", "The broker is away.");
    await goOn();
    const [, held] = await world.runs("g");
    expect(held).toMatchObject({
      state: "PLANNED",
      place: "ready",
      attempt: 0,
      history: [],
      isJobOpen: false,
    });
    expect(held!.wait!.reason).toBe("SOURCE_UNAVAILABLE: The broker is away.");
    const { isWaiting, reasons } = await world.client.explain(held!.id);
    expect(isWaiting).toBe(true);
    expect(reasons[0]).toMatch(/waits for its source since .*asked again at .*The broker is away/);
    for (let n = 0; n < 6; n += 1) await world.advance(MINUTE);
    const [, still] = await world.runs("g");
    expect(still).toMatchObject({ state: "PLANNED", attempt: 0, wait: { since: held!.wait!.since } });
    source.failure = undefined;
    await world.advance(5 * MINUTE);
    expect((await world.runs("g"))[1]).toMatchObject({ state: "SUCCEEDED", attempt: 1, history: [] });
  });

  it("is still doubtful afterwards if a job of it may be at work that cannot be looked up", async () => {
    world.operator.canLookUp = false;
    world.operator.answer = () => "hangs";
    const { store, clock, operator } = world;
    const other = await World.start({ store, clock, operator, offsetProviders: [source] });
    await world.client.register(reading({ onLoss: "record" }));
    await world.fireAt("g", T0 + HOUR);
    source.failure = new SourceError("SOURCE_UNAVAILABLE", "The broker is away.");
    await clock.advance(MINUTE);
    const close = store.close.bind(store);
    store.close = async () => {};
    await world.stop();
    store.close = close;
    await other.client.register(hourly("h"));
    await other.fireAt("h", T0 + 2 * HOUR);
    expect((await other.runs("g"))[0]).toMatchObject({ state: "PLANNED", place: "ready", isJobOpen: true });
    source.failure = undefined;
    source.expire("0", 4);
    await other.advance(10 * MINUTE);
    expect(await other.runs("g", { isJobOpen: true })).toMatchObject([
      { state: "FAILED", lower: T0, error: { code: "OFFSETS_EXPIRED" } },
    ]);
    await other.stop();
  });

  it("can be cancelled meanwhile", async () => {
    await waiting();
    source.failure = new Error("away");
    await goOn();
    const [, held] = await world.runs("g");
    await world.client.cancelRun(held!.id);
    await world.settle();
    expect((await world.runs("g"))[1]).toMatchObject({ state: "CANCELLED", reason: "cancelled" });
    expect(submitted()).toHaveLength(1);
  });
});

describe("a run that did not wait", () => {
  it("needs no further look at its source", async () => {
    await world.client.register(reading());
    await world.fireAt("g", T0 + HOUR);
    expect(world.operator.submissions).toHaveLength(1);
    expect(source.looks).toBe(1);
  });

  it("shares one look with others of its source that waited as long", async () => {
    await waiting({ overlap: "queue" });
    for (let n = 3; n < 6; n += 1) {
      source.write("0", 10);
      await world.fireAt("g", T0 + n * HOUR);
    }
    await world.advance(10 * SECOND);
    const before = source.looks;
    world.operator.endAll();
    for (let n = 0; n < 5; n += 1) {
      await world.settle();
      world.operator.endAll();
    }
    await world.settle();
    expect(world.operator.submissions).toHaveLength(5);
    expect(source.looks).toBe(before + 1);
  });
});
