import { describe, expect, it } from "@jest/globals";
import { createTidegate } from "@tidegate/core";
import type { EngineSchedule } from "@tidegate/core/engine";
import { MemoryStore, VirtualClock } from "@tidegate/core/testing";
import { countingOperator } from "@tidegate/testkit";
import {
  allPages,
  contentHash,
  engineModule,
  ForeignEngine,
  type ForeignScheduler,
  NameSpace,
} from "../src/index.js";

describe("names", () => {
  const names = new NameSpace("main");

  it("keep what is plain of a group id, and tell all group ids apart", () => {
    expect(names.nameOf("orders-eu_1")).toMatch(/^tidegate\.main\.orders-eu_1\.[0-9a-f]{16}$/);
    expect(names.nameOf("a/b")).not.toBe(names.nameOf("a b"));
    expect(names.nameOf("x".repeat(500)).length).toBeLessThan(120);
  });

  it("are of one installation alone", () => {
    expect(names.has(names.nameOf("orders"))).toBe(true);
    expect(names.has(new NameSpace("main2").nameOf("orders"))).toBe(false);
  });
});

describe("a hash of a definition", () => {
  it("is another one after any change", () => {
    expect(contentHash('{"a":1}')).toMatch(/^[0-9a-f]{12}$/);
    expect(contentHash('{"a":1}')).not.toBe(contentHash('{"a":2}'));
  });
});

describe("pages", () => {
  const listing = (entries: number, size: number, total = entries) =>
    allPages(async ({ offset }) => ({
      entries: Array.from(
        { length: Math.max(0, Math.min(size, entries - offset)) },
        (_, index) => offset + index,
      ),
      total,
    }));

  it.each([
    [0, 10],
    [10, 10],
    [25, 10],
  ])("yield all of %i entries in pages of %i", async (entries, size) => {
    const seen: number[] = [];
    for await (const entry of listing(entries, size)) seen.push(entry);
    expect(seen).toEqual(Array.from({ length: entries }, (_, index) => index));
  });

  it("end at an empty page although the total says more", async () => {
    const seen: number[] = [];
    for await (const entry of listing(5, 10, 100)) seen.push(entry);
    expect(seen).toHaveLength(5);
  });
});

describe("an engine on a foreign scheduler", () => {
  class Shelf implements ForeignScheduler {
    readonly held = new Map<string, number>();

    async register(schedules: readonly EngineSchedule[]): Promise<void> {
      for (const { groupId, version } of schedules) this.held.set(groupId, version);
    }

    async unregister(groupIds: readonly string[]): Promise<void> {
      for (const groupId of groupIds) this.held.delete(groupId);
    }

    async list() {
      return [...this.held].sort().map(([groupId, version]) => ({ groupId, version }));
    }
  }

  it("keeps the scheduler's definitions what the schedules say", async () => {
    const shelf = new Shelf();
    const tidegate = createTidegate({
      store: new MemoryStore(),
      engines: [
        engineModule(
          () => new ForeignEngine({ engineType: "shelf", finestPeriodMs: 60_000, scheduler: shelf }),
        ),
      ],
      operators: [countingOperator()],
      clock: new VirtualClock({ start: 0 }),
    });
    await tidegate.start();
    const trigger = { type: "period", every: 1, unit: "hour" } as const;
    await tidegate.client.register({ groupId: "orders", trigger });
    await tidegate.client.update({ groupId: "orders", trigger, delayMs: 5_000 }, { version: 1 });
    expect(await shelf.list()).toEqual([{ groupId: "orders", version: 2 }]);
    shelf.held.set("orphan", 1);
    await tidegate.reconcile();
    expect(await shelf.list()).toEqual([{ groupId: "orders", version: 2 }]);
    await tidegate.client.unregister("orders");
    expect(await shelf.list()).toEqual([]);
    await tidegate.stop();
  });
});
