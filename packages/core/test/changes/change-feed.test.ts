import { describe, expect, it } from "@jest/globals";
import type { ChangeNews } from "../../src/changes/change-feed.js";
import { StoreError } from "../../src/errors/errors.js";
import type { LedgerChange } from "../../src/store/change-log.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import type { ScheduleStore } from "../../src/store/schedule-store.js";
import { Fleet } from "../support/fleet.js";
import { HOUR, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { World } from "../support/world.js";

/** The longest that a change takes to be told, ms. */
const TOLD_MS = 300;

function heardBy(subscribe: (tell: (news: ChangeNews) => void) => unknown): ChangeNews[] {
  const heard: ChangeNews[] = [];
  subscribe((news) => heard.push(news));
  return heard;
}

/** What was heard of each kind and group, in the order of its first mention. */
function toldOf(heard: readonly ChangeNews[]): string[] {
  const told = heard.flatMap(({ isReset, changes }) =>
    isReset ? ["reset"] : changes.map(({ kind, groupId }) => `${kind} ${groupId}`),
  );
  return [...new Set(told)];
}

const statesOf = (changes: readonly LedgerChange[]): unknown[] =>
  changes.flatMap(({ runs = [] }) => runs.map(({ state }) => state));

describe("the feed of changes", () => {
  it("begins with a reset, and tells what is written within 300 ms", async () => {
    const world = await World.start();
    await world.client.ensure(hourly("orders"));
    const heard = heardBy((tell) => world.tidegate.changes.subscribe(tell));
    await world.advance(TOLD_MS);
    expect(heard).toMatchObject([{ isReset: true, changes: [] }]);

    await world.fireAt("orders", T0 + HOUR);
    await world.advance(TOLD_MS);
    const [run] = await world.runs("orders");
    const news = heard.slice(1).flatMap(({ changes }) => changes);
    expect(news).toContainEqual({
      kind: "run",
      groupId: "orders",
      runs: [expect.objectContaining({ id: run!.id })],
    });
    expect(statesOf(news).at(-1)).toBe(run!.state);

    heard.splice(0);
    await world.client.pause("orders");
    await world.client.seal("orders", T0 + HOUR);
    await world.client.setPool({ name: "warehouse", slots: 1 });
    await world.advance(TOLD_MS);
    expect(toldOf(heard)).toEqual(expect.arrayContaining(["schedule orders", "seal orders", "pool null"]));
    await world.advance(10_000);
    const count = heard.length;
    await world.advance(10_000);
    expect(heard).toHaveLength(count);
    await world.stop();
  });

  it("tells of the end of a run that was claimed before anybody listened", async () => {
    const world = await World.start();
    world.operator.answer = () => "runs";
    await world.client.ensure(hourly("orders"));
    await world.fireAt("orders", T0 + HOUR);
    const heard = heardBy((tell) => world.tidegate.changes.subscribe(tell));
    await world.advance(TOLD_MS);
    heard.splice(0);
    world.operator.endAll();
    await world.advance(TOLD_MS);
    expect(toldOf(heard)).toContain("run null");
    await world.stop();
  });

  it("continues at a position, also of another manager", async () => {
    const fleet = new Fleet();
    const [a, b] = [fleet.add(0), fleet.add(0)];
    await fleet.start();
    const first = heardBy((tell) => a.tidegate.changes.subscribe(tell));
    await fleet.pass(1_500);
    const { position } = first.at(-1)!;
    await b.tidegate.client.ensure(hourly("orders"));
    await fleet.pass(TOLD_MS);
    expect(toldOf(first)).toEqual(["reset", "schedule orders"]);

    const second = heardBy((tell) => b.tidegate.changes.subscribe(tell, position));
    const strange = heardBy((tell) => b.tidegate.changes.subscribe(tell, "1.nothing"));
    await fleet.pass(TOLD_MS);
    expect(toldOf(second)).toEqual(["schedule orders"]);
    expect(toldOf(strange)).toEqual(["reset"]);
    await a.tidegate.client.pause("orders");
    await fleet.pass(TOLD_MS);
    expect(second.at(-1)!.position).toBe(first.at(-1)!.position);
    expect(toldOf(strange)).toEqual(["reset", "schedule orders"]);
    for (const { tidegate } of fleet.managers) await tidegate.stop();
  });

  it("tells what others wrote before they knew that somebody listens", async () => {
    const fleet = new Fleet();
    const [a, b] = [fleet.add(0), fleet.add(0)];
    await fleet.start();
    await fleet.pass(5_000);
    const heard = heardBy((tell) => a.tidegate.changes.subscribe(tell));
    await fleet.pass(TOLD_MS);
    heard.splice(0);
    await b.tidegate.client.ensure(hourly("orders"));
    await fleet.pass(1_000 + TOLD_MS);
    expect(toldOf(heard)).toEqual(["reset"]);
    for (const { tidegate } of fleet.managers) await tidegate.stop();
  });

  it("is reset if a manager dies before it has told", async () => {
    const fleet = new Fleet();
    const [a, b] = [fleet.add(0), fleet.add(0)];
    await fleet.start();
    const heard = heardBy((tell) => a.tidegate.changes.subscribe(tell));
    await fleet.pass(2_000);
    heard.splice(0);
    await b.tidegate.client.ensure(hourly("orders"));
    b.isAlive = false;
    await fleet.pass(60_000);
    expect(toldOf(heard)).toContain("reset");
    await a.tidegate.stop();
  });

  it("is reset if a write failed to say whether it was made, or what was told got lost", async () => {
    const store = new MemoryStore();
    const broken = new Set<string>();
    const world = await World.start({ store: losing(store, broken) });
    await world.client.ensure(hourly("orders"));
    await world.fireAt("orders", T0 + HOUR);
    world.operator.endAll();
    const heard = heardBy((tell) => world.tidegate.changes.subscribe(tell));
    await world.advance(TOLD_MS);
    heard.splice(0);
    broken.add("putSeal").add("tellChanges");
    await expect(world.client.seal("orders", T0 + HOUR)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await world.advance(TOLD_MS);
    expect(heard).toEqual([]);
    broken.clear();
    await world.advance(1_000 + TOLD_MS);
    expect(toldOf(heard)).toEqual(["reset"]);
    await world.stop();
  });

  it("costs the store nothing while nobody listens", async () => {
    const told: string[] = [];
    const world = await World.start({ store: counting(new MemoryStore(), told) });
    await world.client.ensure(hourly("orders"));
    await world.fireAt("orders", T0 + HOUR);
    await world.advance(HOUR);
    expect(told).toEqual([]);
    const end = world.tidegate.changes.subscribe(() => {});
    await world.advance(TOLD_MS);
    expect(told).toContain("readChanges");
    end();
    await world.advance(120_000);
    told.splice(0);
    await world.fireAt("orders", T0 + 2 * HOUR);
    await world.advance(HOUR);
    expect(told.length).toBeLessThanOrEqual(1);
    await world.stop();
  });

  it("tells all others if one of those who listen throws", async () => {
    const world = await World.start();
    world.tidegate.changes.subscribe(() => {
      throw new Error("no");
    });
    const heard = heardBy((tell) => world.tidegate.changes.subscribe(tell));
    await world.advance(TOLD_MS);
    await world.client.ensure(hourly("orders"));
    await world.advance(TOLD_MS);
    expect(toldOf(heard)).toEqual(["reset", "schedule orders"]);
    expect(world.eventsOf("trouble")).toMatchObject([
      { where: "changes", error: { code: "LISTENER_FAILED" } },
      { where: "changes", error: { code: "LISTENER_FAILED" } },
    ]);
    await world.stop();
  });
});

/** A store whose answers get lost: the write is made. */
function losing(store: MemoryStore, broken: ReadonlySet<string>): ScheduleStore {
  return calling(store, async (name, call) => {
    const answer = await (broken.has(name) && name === "tellChanges" ? undefined : call());
    if (broken.has(name)) throw new StoreError("STORE_UNAVAILABLE", "The connection broke.");
    return answer;
  });
}

/** A store that lists the calls of its log of changes. */
function counting(store: MemoryStore, told: string[]): ScheduleStore {
  return calling(store, (name, call) => {
    if (name.endsWith("Changes")) told.push(name);
    return call();
  });
}

function calling(
  store: MemoryStore,
  around: (name: string, call: () => Promise<unknown>) => Promise<unknown>,
): ScheduleStore {
  return new Proxy<ScheduleStore>(store, {
    get: (target, name) => {
      const value = Reflect.get(target, name, target) as unknown;
      if (typeof value !== "function") return value;
      return (...given: unknown[]) =>
        around(String(name), () => Reflect.apply(value, target, given) as Promise<unknown>);
    },
  });
}
