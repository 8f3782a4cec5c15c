import { describe, expect, it } from "@jest/globals";
import { MemoryStore } from "../../src/store/memory-store.js";
import type { ScheduleStore } from "../../src/store/schedule-store.js";
import { Fleet } from "../support/fleet.js";
import { DAY, HOUR, MINUTE, SECOND, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { World } from "../support/world.js";

/** Where a manager is killed: before a write of the store reaches it, or before its answer comes back. */
interface Kill {
  readonly write: "judgeDeadlines" | "noteAlerts";
  readonly moment: "before" | "after";
}

const KILLS: readonly Kill[] = [
  { write: "judgeDeadlines", moment: "before" },
  { write: "judgeDeadlines", moment: "after" },
  { write: "noteAlerts", moment: "before" },
  { write: "noteAlerts", moment: "after" },
];

/** A store as a process sees it that can be killed: from then on, no call is answered. */
function mortalStore(store: ScheduleStore): {
  store: ScheduleStore;
  killAt: (kill: Kill) => void;
  isDead: () => boolean;
} {
  let isDead = false;
  let next: Kill | undefined;
  const never = new Promise<never>(() => undefined);
  const writesRecords = (name: string, [given]: readonly unknown[]): boolean =>
    name === "noteAlerts" || (given as { records: unknown[] }[]).some(({ records }) => records.length > 0);
  const mortal = new Proxy(store, {
    get: (target, name) => {
      const value = Reflect.get(target, name, target) as unknown;
      if (typeof value !== "function") return value;
      return async (...given: unknown[]) => {
        if (isDead) return never;
        const isKilled = next?.write === name && writesRecords(name, given);
        if (isKilled && next?.moment === "before") {
          isDead = true;
          return never;
        }
        const answer: unknown = await value.apply(target, given);
        if (isKilled) isDead = true;
        return isDead ? never : answer;
      };
    },
  });
  return {
    store: mortal,
    killAt: (kill) => {
      next = kill;
    },
    isDead: () => isDead,
  };
}

describe("a manager that is killed at any moment", () => {
  it("leaves exactly one `missed` and one `recovered` for each of 1,000 intervals", async () => {
    const store = new MemoryStore();
    const told: string[] = [];
    let mortal = mortalStore(store);
    let world = new World({ store: mortal.store });
    const collect = (): void => {
      for (const name of ["deadline-missed", "deadline-recovered"] as const)
        told.push(...world.eventsOf(name).map(({ id }) => id));
    };
    const dieIn = async (kill: Kill, work: () => Promise<unknown>): Promise<boolean> => {
      mortal.killAt(kill);
      await work();
      await world.settle();
      const wasKilled = mortal.isDead();
      collect();
      await store.close();
      const { clock, operator } = world;
      mortal = mortalStore(store);
      world = new World({ store: mortal.store, clock, operator });
      await world.start();
      // The next manager tells what the one before has written and not told.
      await world.advance(31 * SECOND);
      return wasKilled;
    };
    await world.start();
    await world.client.register(hourly("orders", { deadline: { afterMs: 30 * MINUTE } }));
    let kills = 0;
    for (let hour = 0; hour < 1_000; hour += 1) {
      const kill = KILLS[hour % KILLS.length]!;
      kills += Number(await dieIn(kill, () => world.clock.advanceTo(T0 + (hour + 1.5) * HOUR)));
      kills += Number(await dieIn(kill, () => world.engine.fire("orders", T0 + (hour + 1) * HOUR)));
    }
    await world.advance(10 * MINUTE);
    collect();
    expect(kills).toBe(2_000);
    const missed = told.filter((id) => id.endsWith("/missed"));
    const recovered = told.filter((id) => id.endsWith("/recovered"));
    expect([new Set(missed).size, new Set(recovered).size]).toEqual([1_000, 1_000]);
    // Where listeners heard it but the note of that was lost, it is told again, under the same id.
    expect([missed.length, recovered.length]).toEqual([1_250, 1_250]);
    const { items } = await store.listDeadlines({}, { limit: 1_000 });
    expect(items.map(({ state, told, tellAt }) => ({ state, told, tellAt }))).toEqual(
      Array.from({ length: 1_000 }, () => ({ state: "LATE", told: "LATE", tellAt: null })),
    );
  }, 300_000);
});

describe("a manager that is killed before it has noted what it told", () => {
  it("is followed by one that tells the same again first, although the interval is met by then", async () => {
    const store = new MemoryStore();
    const mortal = mortalStore(store);
    const killed = new World({ store: mortal.store });
    await killed.start();
    await killed.client.register(hourly("orders", { deadline: { afterMs: 30 * MINUTE } }));
    mortal.killAt({ write: "noteAlerts", moment: "before" });
    await killed.advance(90 * MINUTE);
    expect(mortal.isDead()).toBe(true);
    await store.close();
    const { clock, operator } = killed;
    const next = new World({ store, clock, operator });
    await next.start();
    await next.fireAt("orders", clock.now());
    await next.advance(31 * SECOND);
    const [first, ...others] = [...killed.eventsOf("deadline-missed"), ...next.eventsOf("deadline-missed")];
    expect(others).toEqual([first]);
    expect(next.eventsOf("deadline-recovered")).toHaveLength(1);
  });
});

describe("several managers", () => {
  it("tell each deadline once, and one goes on without the other", async () => {
    const fleet = new Fleet();
    const [first, second] = [fleet.add(0), fleet.add(0)];
    const told: string[] = [];
    for (const { tidegate } of fleet.managers) {
      for (const name of ["deadline-missed", "deadline-recovered"] as const) {
        tidegate.events.on(name, ({ id }) => told.push(id));
      }
    }
    await fleet.start();
    const trigger = { type: "period", every: 1, unit: "minute" } as const;
    const watched = { deadline: { afterMs: 30 * SECOND }, engineGraceMs: 10 * MINUTE };
    for (const groupId of ["a", "b", "c"]) {
      await first.tidegate.client.register({ groupId, trigger, startTime: T0, ...watched });
    }
    await fleet.pass(95 * SECOND);
    expect(told.filter((id) => id.endsWith("/missed"))).toHaveLength(3);
    first.isAlive = false;
    await fleet.pass(120 * SECOND);
    expect(told.filter((id) => id.endsWith("/missed"))).toHaveLength(9);
    await second.engine.fire("b", T0 + 3 * MINUTE);
    await fleet.pass(2 * SECOND);
    expect(told.filter((id) => id.endsWith("/recovered"))).toHaveLength(3);
    expect(new Set(told).size).toBe(told.length);
  });
});

/** A store in memory that notes how many records each judgement writes. */
function countedStore(sizes: number[]): ScheduleStore {
  return new Proxy<ScheduleStore>(new MemoryStore(), {
    get: (target, name) => {
      const value = Reflect.get(target, name, target) as unknown;
      if (typeof value !== "function") return value;
      return (...given: unknown[]) => {
        if (name === "judgeDeadlines")
          sizes.push(...(given[0] as { records: unknown[] }[]).map(({ records }) => records.length));
        return value.apply(target, given);
      };
    },
  });
}

describe("a year of downtime", () => {
  it("is judged in batches of at most 500, each interval once", async () => {
    const sizes: number[] = [];
    const counted = countedStore(sizes);
    const world = await World.start({ store: counted });
    await world.client.register(hourly("orders", { deadline: { afterMs: HOUR } }));
    await world.stop();
    world.clock.set(T0 + 365 * DAY);
    await world.start();
    for (let round = 0; world.eventsOf("deadline-missed").length < 8_759 && round < 100; round += 1)
      await world.settle();
    const missed = world.eventsOf("deadline-missed");
    expect(missed).toHaveLength(8_759);
    expect(new Set(missed.map(({ id }) => id)).size).toBe(8_759);
    expect(Math.max(...sizes)).toBe(500);
  });
});

describe("more intervals than one look takes", () => {
  it("that are all pending are left alone until the first may change", async () => {
    const sizes: number[] = [];
    const world = await World.start({ store: countedStore(sizes) });
    const trigger = { type: "period", every: 1, unit: "minute" } as const;
    await world.client.register({ groupId: "orders", trigger, startTime: T0, deadline: { afterMs: DAY } });
    await world.client.pause("orders");
    await world.advance(20 * HOUR);
    // Every five minutes, and when it was registered, changed and paused.
    expect(sizes.length).toBeLessThanOrEqual(20 * 12 + 5);
    expect(world.eventsOf("deadline-missed")).toEqual([]);
  });
});
