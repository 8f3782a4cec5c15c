import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { ProbeAnswer } from "../../src/probe/probe.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { HOUR, MINUTE, T0 } from "../support/instants.js";
import { hourly, specOf } from "../support/schedules.js";
import { notReady, ScriptedProbe } from "../support/scripted-probe.js";
import { World, type WorldOptions } from "../support/world.js";

const READY = { ready: [{ type: "shop", street: "Long" }] };

async function probedWorld(
  more: Partial<ScheduleInfo> = {},
  options: WorldOptions = {},
): Promise<{ world: World; probe: ScriptedProbe }> {
  const probe = new ScriptedProbe();
  const world = await World.start({ probes: [probe], ...options });
  await world.client.register(hourly("orders", { ...READY, ...more }));
  return { world, probe };
}

const stateOf = async (world: World, groupId = "orders"): Promise<string[]> =>
  (await world.runs(groupId)).map(({ state, place }) => `${state} ${place}`);

const explained = async (world: World): Promise<string> => {
  const [run] = await world.runs("orders");
  return (await world.client.explain(run!.id)).reasons.join(" ");
};

// The longest wait of each back-off.
beforeEach(() => {
  jest.spyOn(Math, "random").mockReturnValue(1);
});
afterEach(() => {
  jest.restoreAllMocks();
});

describe("a run of a schedule with a condition of its source", () => {
  it("begins at once if the source is ready", async () => {
    const { world, probe } = await probedWorld();
    await world.fireAt("orders", T0 + HOUR);
    expect(await stateOf(world)).toEqual(["SUCCEEDED none"]);
    expect(probe.questions).toEqual([
      { interval: { lower: T0, upper: T0 + HOUR }, timezone: "UTC", spec: { street: "Long" } },
    ]);
  });

  it("is held until it is, without a place, and says why", async () => {
    const { world, probe } = await probedWorld();
    probe.answer = (_, { now }) =>
      now < T0 + HOUR + 12_000 ? notReady() : { isReady: true, detail: "open" };
    await world.fireAt("orders", T0 + HOUR);
    expect(await stateOf(world)).toEqual(["PLANNED gated"]);
    expect(await world.client.describe("orders")).toMatchObject({
      schedule: { gatedRuns: 1, admittedRuns: 0 },
    });
    expect(await explained(world)).toBe(
      "It is held by a gate since 2026-01-01T01:00:00.000Z: the shop is closed (ready.shop); missing: [2026-01-01T00:00:00.000Z, 2026-01-01T01:00:00.000Z). Asked again by 2026-01-01T01:00:05.000Z.",
    );
    await world.advance(14_999);
    expect(await stateOf(world)).toEqual(["PLANNED gated"]);
    await world.advance(1);
    expect(await stateOf(world)).toEqual(["SUCCEEDED none"]);
  });

  it("is asked about later and later: after 5 s, 10 s, up to 5 minutes", async () => {
    const { world, probe } = await probedWorld();
    const askedAt: number[] = [];
    probe.answer = (_, { now }) => {
      askedAt.push(now - T0 - HOUR);
      return notReady();
    };
    await world.fireAt("orders", T0 + HOUR);
    await world.advance(30 * MINUTE);
    const waits = askedAt.slice(1).map((at, index) => (at - askedAt[index]!) / 1_000);
    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300, 300]);
  });

  it("is asked about at random times, so that many probes do not ask in step", async () => {
    jest.restoreAllMocks();
    const streets = Array.from({ length: 20 }, (_, index) => `street ${index}`);
    const { world, probe } = await probedWorld({ ready: [] });
    probe.answer = () => notReady();
    for (const street of streets) {
      await world.client.register(hourly(street.replace(" ", "-"), { ready: [{ type: "shop", street }] }));
      await world.fireAt(street.replace(" ", "-"), T0 + HOUR);
    }
    const runs = await Promise.all(streets.map((street) => world.runs(street.replace(" ", "-"))));
    const next = new Set(runs.map(([run]) => run!.wait!.lookAgainAt));
    expect(next.size).toBeGreaterThan(1);
  });

  it("is asked about when the probe says so", async () => {
    const { world, probe } = await probedWorld();
    probe.answer = () => notReady({ retryAfterMs: 20 * MINUTE });
    await world.fireAt("orders", T0 + HOUR);
    await world.advance(20 * MINUTE - 1);
    expect(probe.questions).toHaveLength(1);
    await world.advance(1);
    expect(probe.questions).toHaveLength(2);
  });

  it("waits for all of its conditions, and for its gates", async () => {
    const other = new ScriptedProbe("bank");
    const probe = new ScriptedProbe();
    const world = await World.start({ probes: [probe, other] });
    const ready = [{ type: "shop", street: "Long" }, { type: "bank" }, { type: "shop", street: "Short" }];
    await world.client.register(hourly("orders", { ready, notBefore: { afterMs: MINUTE } }));
    let isOpen = false;
    probe.answer = ({ spec }) =>
      spec.street === "Long" || isOpen ? { isReady: true, detail: "" } : notReady();
    other.answer = () => (isOpen ? { isReady: true, detail: "" } : notReady({ detail: "no money" }));
    await world.fireAt("orders", T0 + HOUR);
    expect(await explained(world)).toContain(
      "not before 2026-01-01T01:01:00 UTC (notBefore); the shop is closed (ready.shop); no money (ready.bank)",
    );
    isOpen = true;
    await world.advance(MINUTE);
    expect(await stateOf(world)).toEqual(["SUCCEEDED none"]);
  });
});

describe("equal questions", () => {
  it("of several groups are asked once", async () => {
    const { world, probe } = await probedWorld();
    await world.client.register(hourly("invoices", READY));
    await world.client.register(hourly("elsewhere", { ready: [{ type: "shop", street: "Short" }] }));
    probe.answer = () => notReady();
    await world.clock.advanceTo(T0 + HOUR);
    await Promise.all(
      ["orders", "invoices", "elsewhere"].map((groupId) => world.engine.fire(groupId, T0 + HOUR)),
    );
    await world.settle();
    expect(probe.questions.map(({ spec }) => spec.street).sort()).toEqual(["Long", "Short"]);
    expect([await stateOf(world), await stateOf(world, "invoices")]).toEqual([
      ["PLANNED gated"],
      ["PLANNED gated"],
    ]);
    await world.advance(5_000);
    expect(probe.questions).toHaveLength(4);
  });

  it("in other time zones are others", async () => {
    const { world, probe } = await probedWorld();
    await world.client.register(hourly("invoices", { ...READY, timezone: "Europe/Berlin" }));
    await world.fireAt("orders", T0 + HOUR);
    await world.fireAt("invoices", T0 + HOUR);
    expect(probe.questions.map(({ timezone }) => timezone)).toEqual(["UTC", "Europe/Berlin"]);
  });

  it("are asked anew after a while, since a source that was ready need not be so for ever", async () => {
    const { world, probe } = await probedWorld();
    await world.client.register(hourly("invoices", READY));
    await world.fireAt("orders", T0 + HOUR);
    await world.fireAt("invoices", T0 + HOUR + MINUTE);
    expect(probe.questions).toHaveLength(2);
  });
});

describe("a source with a watermark", () => {
  const upTo =
    (readyThrough: number) =>
    ({ interval }: { interval: { upper: number } }): ProbeAnswer => ({
      isReady: interval.upper <= readyThrough,
      detail: "the shop has closed its books up to three",
      readyThrough,
    });

  it("answers for all earlier intervals at once", async () => {
    const { world, probe } = await probedWorld({ overlap: "allow" });
    probe.answer = upTo(T0 + 3 * HOUR);
    await world.fireAt("orders", T0 + 5 * HOUR);
    expect(probe.questions.map(({ interval }) => interval.upper)).toEqual([T0 + 5 * HOUR]);
    expect(await stateOf(world)).toEqual([
      "SUCCEEDED none",
      "SUCCEEDED none",
      "SUCCEEDED none",
      "PLANNED gated",
      "PLANNED gated",
    ]);
  });

  it("answers for them one after the other as well, as the lane admits them", async () => {
    const { world, probe } = await probedWorld();
    probe.answer = () => ({ isReady: true, detail: "", readyThrough: T0 + 10 * HOUR });
    await world.fireAt("orders", T0 + 10 * HOUR);
    expect(await stateOf(world)).toEqual(Array.from({ length: 10 }, () => "SUCCEEDED none"));
    expect(probe.questions).toHaveLength(1);
  });

  it("is missing from its watermark on", async () => {
    const { world, probe } = await probedWorld();
    probe.answer = upTo(T0 + 20 * MINUTE);
    await world.fireAt("orders", T0 + HOUR);
    expect((await world.runs("orders"))[0]!.wait!.missing).toEqual([
      { lower: T0 + 20 * MINUTE, upper: T0 + HOUR },
    ]);
  });

  it("is asked each 5 s as long as it advances", async () => {
    const { world, probe } = await probedWorld();
    probe.answer = (_, { now }) => notReady({ readyThrough: T0 + (now - T0 - HOUR) / 10 });
    await world.fireAt("orders", T0 + HOUR);
    await world.advance(50_000);
    expect(probe.questions).toHaveLength(11);
  });

  it("may have none any more: then each interval is asked about", async () => {
    const { world, probe } = await probedWorld({ overlap: "allow" });
    probe.answer = upTo(T0);
    await world.fireAt("orders", T0 + 3 * HOUR);
    expect(probe.questions).toHaveLength(1);
    probe.answer = ({ interval }) => (interval.lower === T0 ? { isReady: true, detail: "" } : notReady());
    await world.advance(5_000);
    expect(probe.questions).toHaveLength(4);
    expect(await stateOf(world)).toEqual(["SUCCEEDED none", "PLANNED gated", "PLANNED gated"]);
  });
});

describe("a source that takes long to answer", () => {
  it("is found ready in about twice the time, with one question", async () => {
    for (const seconds of [1, 4, 9, 14, 21, 28]) {
      const { world, probe } = await probedWorld();
      probe.answer = () =>
        new Promise((resolve) =>
          world.clock.wakeAfter(seconds * 1_000, () => resolve({ isReady: true, detail: "" })),
        );
      await world.fireAt("orders", T0 + HOUR);
      await world.advance(2 * seconds * 1_000 + 500);
      expect(await stateOf(world)).toEqual(["SUCCEEDED none"]);
      expect(probe.questions).toHaveLength(1);
    }
  });

  it("is asked anew by whoever comes later than that", async () => {
    const { world, probe } = await probedWorld();
    probe.answer = () =>
      new Promise((resolve) => world.clock.wakeAfter(20_000, () => resolve({ isReady: true, detail: "" })));
    await world.fireAt("orders", T0 + HOUR);
    await world.advance(30_000);
    await world.client.trigger("orders", { lower: T0, upper: T0 + HOUR });
    await world.advance(500);
    expect(probe.questions).toHaveLength(1);
    await world.advance(15_000);
    await world.client.trigger("orders", { lower: T0, upper: T0 + HOUR });
    await world.advance(500);
    expect(probe.questions).toHaveLength(2);
  });
});

describe("a limit of open questions", () => {
  it("is kept, and all are asked in the end", async () => {
    const { world, probe } = await probedWorld(
      { overlap: "allow", maxActiveRuns: 100 },
      { readiness: { concurrency: 3 } },
    );
    probe.answer = () => new Promise((resolve) => setImmediate(() => resolve({ isReady: true, detail: "" })));
    await world.fireAt("orders", T0 + 20 * HOUR);
    await world.advance(10_000);
    expect(probe.most).toBe(3);
    expect(new Set(await stateOf(world))).toEqual(new Set(["SUCCEEDED none"]));
  });

  it("holds up neither other gates nor the runs that it lets begin", async () => {
    const { world, probe } = await probedWorld({}, { readiness: { concurrency: 1 } });
    await world.client.register(hourly("plain", { notBefore: { afterMs: 0 } }));
    let answer = (_: ProbeAnswer): void => {};
    probe.answer = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    await world.fireAt("orders", T0 + HOUR);
    await world.fireAt("plain", T0 + HOUR);
    await world.advance(250);
    expect(await stateOf(world, "plain")).toEqual(["SUCCEEDED none"]);
    expect(await explained(world)).toContain("the source is being asked (ready.shop)");
    await world.advance(10_000);
    expect(probe.questions).toHaveLength(1);
    answer({ isReady: true, detail: "" });
    await world.advance(10_000);
    expect(await stateOf(world)).toEqual(["SUCCEEDED none"]);
  });
});

describe("a probe that cannot tell", () => {
  it("is not the same as one that says no: the reason says so, and the run waits", async () => {
    const { world, probe } = await probedWorld();
    probe.answer = () => Promise.reject(new Error("connection refused"));
    await world.fireAt("orders", T0 + HOUR);
    expect(await explained(world)).toContain(
      "the source could not be asked, 1 error in a row: connection refused (ready.shop)",
    );
    expect(world.eventsOf("trouble")).toEqual([]);
  });

  it("is broken after 5 errors in a row, and that is reported", async () => {
    const { world, probe } = await probedWorld();
    probe.answer = () => Promise.reject(new Error("connection refused"));
    await world.fireAt("orders", T0 + HOUR);
    await world.advance(74_999);
    expect(world.eventsOf("trouble")).toEqual([]);
    await world.advance(1);
    const [run] = await world.runs("orders");
    expect(world.eventsOf("trouble")).toEqual([
      {
        where: "probe",
        groupId: "orders",
        runId: run!.id,
        error: { code: "PROBE_BROKEN", message: 'Probe "shop" is broken: connection refused' },
      },
    ]);
    expect(await explained(world)).toContain(
      "the probe is broken, with 5 errors in a row: connection refused (ready.shop)",
    );
    expect(await stateOf(world)).toEqual(["PLANNED gated"]);
  });

  it("is whole again with its next answer", async () => {
    const { world, probe } = await probedWorld();
    let isDown = true;
    probe.answer = () => (isDown ? Promise.reject(new Error("connection refused")) : notReady());
    await world.fireAt("orders", T0 + HOUR);
    await world.advance(75_000);
    isDown = false;
    await world.advance(80_000);
    expect(await explained(world)).toContain("the shop is closed (ready.shop)");
    isDown = true;
    await world.advance(5_000);
    expect(await explained(world)).toContain("1 error in a row");
    expect(world.eventsOf("trouble")).toHaveLength(1);
  });

  it.each<[string, () => unknown]>([
    [
      "throws at once",
      () => {
        throw new Error("no");
      },
    ],
    ["answers nonsense", () => ({ isReady: "yes" })],
    ["answers nothing", () => undefined],
    ["does not answer in time", () => new Promise(() => {})],
  ])("may also be one that %s", async (_, answer) => {
    const { world, probe } = await probedWorld({}, { readiness: { timeoutMs: 2_000 } });
    probe.answer = answer as never;
    await world.fireAt("orders", T0 + HOUR);
    await world.advance(4_000);
    expect(await explained(world)).toMatch(
      /the source could not be asked, 1 error in a row: (no|it|its) ?.*\(ready\.shop\)/,
    );
  });

  it("ends its questions when the manager stops, and leaves no timer", async () => {
    const { world, probe } = await probedWorld();
    let isAborted = false;
    probe.answer = (_, { signal }) =>
      new Promise(() =>
        signal.addEventListener("abort", () => {
          isAborted = true;
        }),
      );
    await world.fireAt("orders", T0 + HOUR);
    await world.stop();
    expect(isAborted).toBe(true);
    expect(world.clock.pendingTimers).toBe(0);
  });
});

describe("the field `ready`", () => {
  it("names the probes that there are", async () => {
    const { world } = await probedWorld();
    await expect(
      world.client.register(hourly("a", { ready: [{ type: "shop" }, { type: "Shop" }] })),
    ).rejects.toMatchObject({
      code: "PROBE_UNKNOWN",
      field: "ready.1.type",
      message: 'ready.1.type: no probe "Shop" is installed; known: shop.',
    });
  });

  it("has what the probe understands", async () => {
    const { world } = await probedWorld();
    await expect(
      world.client.register(hourly("a", { ready: [{ type: "shop", isMalformed: true }] })),
    ).rejects.toMatchObject({
      code: "SCHEDULE_INVALID",
      field: "ready.0.isMalformed",
      message: "ready.0.isMalformed: must not be malformed",
    });
  });

  it.each([
    [[{ street: "Long" }], "ready.0.type"],
    [[{ type: "a b" }], "ready.0.type"],
    [[{ type: "shop", at: Number.NaN }], "ready.0.at"],
    [Array.from({ length: 17 }, () => ({ type: "shop" })), "ready"],
    [{ type: "shop" }, "ready"],
  ])("refuses %j", (ready, field) => {
    expect(() => specOf({ ...hourly("orders"), ready } as never)).toThrow(
      expect.objectContaining({ code: "SCHEDULE_INVALID", field }),
    );
  });

  it("leaves a run to managers that have the probe", async () => {
    const { world } = await probedWorld();
    await world.stop();
    const lacking = await World.start({ store: world.store, clock: world.clock, engine: world.engine });
    await lacking.fireAt("orders", T0 + HOUR);
    expect(await explained(lacking)).toContain(
      'It needs gate "ready.shop", which this manager does not have',
    );
    await lacking.stop();
    await world.start();
    await world.settle();
    expect(await stateOf(world)).toEqual(["SUCCEEDED none"]);
  });

  it("is no gate that `gates` could name, and no gate may have such a type", async () => {
    const { world } = await probedWorld();
    await expect(world.client.register(hourly("a", { gates: { "ready.shop": [] } }))).rejects.toMatchObject({
      code: "GATE_UNKNOWN",
      field: "gates.ready.shop",
    });
  });
});

describe("probes of a manager", () => {
  it.each([
    ["two of one type", [new ScriptedProbe(), new ScriptedProbe("SHOP")]],
    ["a malformed type", [new ScriptedProbe("a b")]],
    ["no probe", [{ probeType: "shop" } as never]],
  ])("are refused: %s", async (_, probes) => {
    await expect(World.start({ probes })).rejects.toMatchObject({
      code: "CONFIGURATION_INVALID",
      field: "probes",
    });
  });
});
