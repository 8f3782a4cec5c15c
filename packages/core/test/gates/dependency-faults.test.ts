import { describe, expect, it } from "@jest/globals";
import { VirtualClock } from "../../src/clock/virtual-clock.js";
import type { Run } from "../../src/run/run.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import type { GateSettlement } from "../../src/store/gate-queue.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import type { ScheduleStore } from "../../src/store/schedule-store.js";
import { SERVICES } from "../../src/wiring/core-module.js";
import { createTidegate } from "../../src/wiring/tidegate.js";
import { shared } from "../support/fleet.js";
import { DAY, HOUR, MINUTE, SECOND, T0 } from "../support/instants.js";
import { ManualEngine } from "../support/manual-engine.js";
import { hourly } from "../support/schedules.js";
import { ScriptedOperator, SUCCEEDED } from "../support/scripted-operator.js";
import { World } from "../support/world.js";

/** Loads each hour, tables of two hours made of them, and a report of the day made of those. */
const CHAIN: readonly ScheduleInfo[] = [
  hourly("loads"),
  hourly("tables", {
    trigger: { type: "period", every: 2, unit: "hour" },
    overlap: "allow",
    dependsOn: { groupId: "loads" },
  }),
  hourly("report", {
    trigger: { type: "period", every: 1, unit: "day" },
    dependsOn: { groupId: "tables", timeout: { afterMs: HOUR, action: "fail" } },
    dependsOnPast: true,
  }),
];

/** Every fire of a day, dependents first, so that all of them wait. */
const FIRES = Array.from({ length: 24 }, (_, index) => T0 + (index + 1) * HOUR).flatMap((at) =>
  ["report", "tables", "loads"]
    .filter((groupId) => groupId === "loads" || (at - T0) % (groupId === "report" ? DAY : 2 * HOUR) === 0)
    .map((groupId) => ({ at, groupId })),
);

/** Ids differ, since each ledger has a name of its own. */
const facts = ({ groupId, lower, upper, state, attempt }: Run): unknown => [
  groupId,
  lower,
  upper,
  state,
  attempt,
];

const byInterval = (a: Run, b: Run): number => a.groupId.localeCompare(b.groupId) || a.lower - b.lower;

describe("without any event for a day", () => {
  /** The runs of a day, if signals between the parts of the manager arrive, and if none does. */
  async function aDay(isMute: boolean): Promise<readonly Run[]> {
    const clock = new VirtualClock();
    const store = new MemoryStore({ clock });
    await store.open();
    const world = await World.start({ clock, store: shared(store) });
    const { signals } = world.tidegate.container.get(SERVICES);
    if (isMute) signals.emit = () => true;
    for (const info of CHAIN) await world.client.register(info);
    for (const { at, groupId } of FIRES) await world.fireAt(groupId, at);
    await world.advance(10 * SECOND);
    return [...(await world.client.runs({}, { limit: 1_000 })).items].sort(byInterval);
  }

  it("the same runs have the same boundaries and ends, only later", async () => {
    const [told, untold] = [await aDay(false), await aDay(true)];
    expect(untold.map(facts)).toEqual(told.map(facts));
    expect(told.map(({ state }) => state)).toEqual(Array(24 + 12 + 1).fill("SUCCEEDED"));
    const lateness = untold.map(({ submittedAt }, index) => submittedAt! - told[index]!.submittedAt!);
    expect(Math.min(...lateness)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...lateness)).toBeGreaterThan(0);
    expect(Math.max(...lateness)).toBeLessThanOrEqual(5 * SECOND);
  });
});

/** A store of a process that dies before or after a write: nothing answers any more. */
function mortal(
  store: ScheduleStore,
  isLast: (name: string | symbol, args: readonly unknown[]) => boolean,
  isDone: boolean,
  die: () => void,
): ScheduleStore {
  let isDead = false;
  const never = new Promise<never>(() => undefined);
  return new Proxy(store, {
    get: (target, name) => {
      const value = Reflect.get(target, name, target) as unknown;
      if (typeof value !== "function") return value;
      return async (...args: unknown[]): Promise<unknown> => {
        if (isDead) return never;
        if (!isLast(name, args)) return value.apply(target, args) as unknown;
        isDead = true;
        die();
        if (isDone) await value.apply(target, args);
        return never;
      };
    },
  });
}

describe("a manager that is killed while others wait", () => {
  const KILLS = (["settleGates", "changeRuns", "claim"] as const).flatMap((write) =>
    [false, true].flatMap((isDone) =>
      [1, 3].map((nth) => [write, isDone ? "after" : "before", nth] as const),
    ),
  );

  it.each(KILLS)("at a call of %s, %s its effect, the %sth", async (write, when, nth) => {
    const clock = new VirtualClock();
    const ledger = new MemoryStore({ clock });
    await ledger.open();
    const operator = new ScriptedOperator();
    const missingAtStart: Promise<unknown>[] = [];
    operator.answer = ({ groupId, lowerBound, upperBound }) => {
      const within = { lower: Number(lowerBound), upper: Number(upperBound) };
      if (groupId === "tables")
        missingAtStart.push(ledger.missingTime([{ groupId: "loads", within, by: "succeeded" }]));
      return SUCCEEDED;
    };
    let isAlive = true;
    let count = 0;
    const isLast = (name: string | symbol): boolean => {
      if (name === write) count += 1;
      return count === nth;
    };
    const first = mortal(shared(ledger), isLast, when === "after", () => {
      isAlive = false;
    });
    const managers = [first, shared(ledger)].map((store) => {
      const own = new VirtualClock();
      const engine = new ManualEngine();
      const settings = { dispatcher: { leaseMs: 5 * SECOND, drainMs: 0 } };
      return {
        own,
        engine,
        tidegate: createTidegate({
          ...settings,
          store,
          clock: own,
          engines: [engine],
          operators: [operator],
        }),
      };
    });
    for (const { tidegate } of managers) await tidegate.start();
    const pass = async (ms: number): Promise<void> => {
      for (const one of [clock, ...managers.filter((_, n) => n > 0 || isAlive).map(({ own }) => own)])
        await one.advance(ms);
    };
    const survivor = managers[1]!;
    for (const info of CHAIN.slice(0, 2)) await survivor.tidegate.client.register(info);
    for (const { at, groupId } of FIRES.filter((fire) => fire.at <= T0 + 4 * HOUR)) {
      if (at > survivor.own.now()) await pass(at - survivor.own.now());
      const firing = managers[isAlive ? 0 : 1]!.engine.fire(groupId, at);
      for (let step = 0; step < 8; step += 1) await pass(SECOND);
      // A fire of the one that was killed is repeated by the scheduler.
      if (isAlive) await firing;
      else await survivor.engine.fire(groupId, at);
    }
    for (let step = 0; step < 20; step += 1) await pass(SECOND);
    expect(isAlive).toBe(false);
    const { items } = await survivor.tidegate.client.runs({}, { limit: 1_000 });
    expect(items.map(({ state }) => state)).toEqual(Array(4 + 2).fill("SUCCEEDED"));
    expect(operator.doubles).toEqual([]);
    expect(await Promise.all(missingAtStart)).toEqual([[[]], [[]]]);
    await survivor.tidegate.stop();
  });
});

describe("a run whose time is up", () => {
  it.each(["before", "after"])(
    "fails in the one write that says so: a kill %s it loses neither the failure nor the next run's turn",
    async (when) => {
      const clock = new VirtualClock();
      const ledger = new MemoryStore({ clock });
      await ledger.open();
      const isFailure = (name: string | symbol, [given]: readonly unknown[]): boolean =>
        name === "settleGates" &&
        (given as readonly GateSettlement[]).some((one) => !one.isOpen && one.failure !== undefined);
      let isAlive = true;
      const first = mortal(shared(ledger), isFailure, when === "after", () => {
        isAlive = false;
      });
      const [mortalWorld, survivor] = [
        new World({ clock: new VirtualClock(), store: first }),
        new World({ clock: new VirtualClock(), store: shared(ledger) }),
      ];
      for (const world of [mortalWorld, survivor]) await world.start();
      const timeout = { afterMs: 10 * SECOND, action: "fail" } as const;
      const dependsOn = { groupId: "loads", mayComeLater: true, timeout };
      const trigger = { type: "period", every: 1, unit: "minute" } as const;
      await survivor.client.register(hourly("report", { trigger, dependsOn, onFailure: "continue" }));
      const pass = async (seconds: number): Promise<void> => {
        const clocks = [clock, ...(isAlive ? [mortalWorld.clock] : []), survivor.clock];
        for (let second = 0; second < seconds; second += 1)
          for (const one of clocks) await one.advance(SECOND);
      };
      await pass(120);
      await mortalWorld.engine.fire("report", T0 + 2 * MINUTE);
      await pass(10);
      for (const one of [clock, mortalWorld.clock]) await one.advance(1);
      expect(isAlive).toBe(false);
      const states = async (): Promise<string[]> =>
        (await ledger.listRuns({}, {})).items.map(({ state, place }) => `${state} ${place}`);
      const written = ["FAILED none", "PLANNED gated"];
      expect(await states()).toEqual(when === "after" ? written : ["PLANNED gated", "PLANNED waiting"]);
      await pass(21);
      const { items } = await ledger.listRuns({}, {});
      // A time-out is judged in the millisecond after it.
      expect(items.map(({ endedAt, error }) => [endedAt! - T0 - 120 * SECOND, error?.code])).toEqual([
        [10 * SECOND + 1, "DEPENDENCY_TIMEOUT"],
        [20 * SECOND + 2, "DEPENDENCY_TIMEOUT"],
      ]);
      await survivor.stop();
    },
  );
});
