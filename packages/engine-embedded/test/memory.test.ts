import { describe, expect, it, jest } from "@jest/globals";
import { createTidegate, type Tidegate } from "@tidegate/core";
import { MemoryStore, VirtualClock } from "@tidegate/core/testing";
import { type CountingOperator, countingOperator } from "@tidegate/testkit";
import { type EmbeddedEngineOptions, embeddedEngine } from "../src/index.js";

const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const HOUR = 3_600_000;

interface Bed {
  readonly tidegate: Tidegate;
  readonly clock: VirtualClock;
  readonly operator: CountingOperator;
  readonly store: MemoryStore;
}

/** A Tidegate on virtual time whose watchdog sleeps, so that all fires are the engine's. */
async function started(options: EmbeddedEngineOptions): Promise<Bed> {
  const clock = new VirtualClock({ start: START });
  const operator = countingOperator();
  const store = new MemoryStore();
  const engines = [embeddedEngine(options)];
  const tidegate = createTidegate({
    store,
    engines,
    operators: [operator],
    clock,
    watchdogEveryMs: 365 * 24 * HOUR,
  });
  await tidegate.start();
  return { tidegate, clock, operator, store };
}

async function registerAll({ tidegate }: Bed, count: number, unit: "minute" | "day"): Promise<string[]> {
  const groupIds = Array.from({ length: count }, (_, index) => `group-${index}`);
  await tidegate.client.registerMany(
    groupIds.map((groupId) => ({ groupId, trigger: { type: "period", every: 1, unit }, startTime: START })),
  );
  return groupIds;
}

describe("a queue that is smaller than what is due", () => {
  it.each([1, 7, 50])(
    "fires all of 50 schedules that are due at one instant, with room for %i",
    async (maxQueued) => {
      const bed = await started({ maxQueued, batchSize: 10 });
      const groupIds = await registerAll(bed, 50, "minute");
      await bed.clock.advance(5 * MINUTE + 10_000);
      expect(groupIds.map((groupId) => bed.operator.countOf(groupId))).toEqual(groupIds.map(() => 5));
      await bed.tidegate.stop();
    },
  );
});

describe("a schedule that this version does not understand", () => {
  it.each([1, 1_000])(
    "does not keep the engine from firing the others (batches of %i)",
    async (batchSize) => {
      const bed = await started({ batchSize });
      const groupIds = await registerAll(bed, 5, "minute");
      const [healthy] = await bed.store.getSchedules(groupIds);
      const { spec, watermark, nextFireAt, createdAt } = healthy!;
      await bed.store.insertSchedules([
        {
          spec: {
            ...spec,
            groupId: "poisoned",
            trigger: { type: "lunar" } as unknown as typeof spec.trigger,
          },
          status: "REGISTERED",
          origin: watermark,
          watermark,
          nextFireAt,
          laneWidth: 1,
          incarnation: "1",
          tzdata: "2026a",
          createdAt,
        },
      ]);
      const troubles: string[] = [];
      const late: number[] = [];
      bed.tidegate.events.on("trouble", ({ groupId }) => troubles.push(groupId ?? ""));
      bed.tidegate.events.on("runs-planned", (runs) => {
        for (const { scheduledTime, plannedAt } of runs) late.push(plannedAt - scheduledTime);
      });
      await bed.tidegate.stop();
      await bed.tidegate.start();
      await bed.clock.advance(10 * MINUTE + 1_000);
      expect(groupIds.map((groupId) => bed.operator.countOf(groupId))).toEqual(groupIds.map(() => 10));
      expect(late).toEqual(late.map(() => 0));
      expect(new Set(troubles)).toEqual(new Set(["poisoned"]));
      expect(troubles.length).toBeLessThanOrEqual(11);
      await bed.tidegate.stop();
    },
  );
});

describe("what is not due soon", () => {
  it("stays in the store: one look finds that there is nothing until then", async () => {
    const bed = await started({});
    await registerAll(bed, 100, "day");
    await bed.clock.advance(MINUTE);
    const due = jest.spyOn(bed.store, "due");
    await bed.clock.advance(22 * HOUR);
    expect(due.mock.calls.length).toBeLessThan(5);
    await bed.clock.advance(2 * HOUR);
    expect(bed.operator.countOf("group-99")).toBe(1);
    await bed.tidegate.stop();
  });
});

describe("a schedule that is registered while the engine looks into the store", () => {
  it("is fired in its time", async () => {
    const bed = await started({});
    await bed.tidegate.stop();
    const original = bed.store.due.bind(bed.store);
    let isFirst = true;
    jest.spyOn(bed.store, "due").mockImplementation(async (query) => {
      const found = await original(query);
      // The last question of a look is what comes next after the horizon.
      if (isFirst && query.before === Number.MAX_SAFE_INTEGER) {
        isFirst = false;
        await registerAll(bed, 1, "minute");
      }
      return found;
    });
    await bed.tidegate.start();
    await bed.clock.advance(MINUTE + 10_000);
    expect(isFirst).toBe(false);
    expect(bed.operator.countOf("group-0")).toBe(1);
    await bed.tidegate.stop();
  });
});
