import { expect } from "@jest/globals";
import { type EpochMs, type ScheduleInfo, type TriggerSpec, VirtualClock } from "@tidegate/core";
import type { EngineBed } from "./bed.js";
import type { EngineSuite } from "./suite.js";

const HOUR_MS = 3_600_000;
const NEW_YORK = "America/New_York";

/**
 * Registers a group and lets it run through its next intervals. On the virtual clock the engine has no
 * excuse: it fires for each nominal time. On the machine's clock it may be late, and then one fire answers
 * for several times.
 */
async function expectFires(
  bed: EngineBed,
  overrides: Partial<ScheduleInfo>,
  count: number,
): Promise<readonly EpochMs[]> {
  // Taken from the definition: an engine that is slow to register may already have fired.
  const info = bed.info("orders", overrides);
  const { intervals } = await bed.client.preview(info, count);
  await bed.register("orders", info);
  const nominal = intervals.map(({ scheduledTime }) => scheduledTime);
  await bed.passUntilRun("orders", count);
  expect(bed.operator.intervalsOf("orders").slice(0, count)).toEqual(
    intervals.map(({ lower, upper }) => ({ lower, upper })),
  );
  const fired = bed.fires.timesOf("orders").filter((time) => time <= nominal.at(-1)!);
  expect(nominal).toEqual(expect.arrayContaining(fired));
  if (bed.clock instanceof VirtualClock) expect(fired).toEqual(nominal);
  await bed.conclude("orders");
  return nominal;
}

/** Returns a cron with the times of the period, as far as a cron can express them. */
function cronEvery(periodMs: number): TriggerSpec {
  const seconds = periodMs / 1_000;
  if (seconds < 60) return { type: "cron", expression: `*/${seconds} * * * * *` };
  return { type: "cron", expression: `*/${Math.ceil(seconds / 60)} * * * *` };
}

/** Tests the fires of a period. */
export function periodRules({ chapter, isVirtual }: EngineSuite): void {
  chapter("a period", (rule) => {
    rule("is fired for each of its nominal times, which the fire carries", async (bed) => {
      await expectFires(bed, {}, isVirtual ? 180 : 4);
    });

    rule("is fired as often as it is due and no more, beside others", async (bed) => {
      await bed.register("every");
      await bed.register("third", {
        trigger: { type: "period", every: (3 * bed.periodMs) / 1_000, unit: "second" },
      });
      await bed.passUntilRun("third", isVirtual ? 60 : 2);
      await bed.passUntilRun("every", isVirtual ? 180 : 6);
      await bed.conclude("every", "third");
    });
  });
}

/** Tests the fires of a cron. */
export function cronRules({ chapter, isVirtual }: EngineSuite): void {
  chapter("a cron", (rule) => {
    const onVirtual = rule.when(isVirtual);

    rule("is fired for each of its nominal times, which the fire carries", async (bed) => {
      await expectFires(bed, { trigger: cronEvery(bed.periodMs) }, isVirtual ? 120 : 4);
    });

    onVirtual("is fired 23 times on the day that New York loses an hour", async (bed) => {
      const cron = { trigger: { type: "cron", expression: "0 * * * *" }, timezone: NEW_YORK } as const;
      const midnight = Date.UTC(2026, 2, 8, 5);
      const nominal = await expectFires(bed, { ...cron, startTime: midnight }, 30);
      expect(nominal.filter((time) => time <= Date.UTC(2026, 2, 9, 4))).toHaveLength(23);
    });

    onVirtual("is fired 25 times on the day that New York wins one", async (bed) => {
      const midnight = Date.UTC(2026, 10, 1, 4);
      (bed.clock as VirtualClock).set(midnight);
      const cron = { trigger: { type: "cron", expression: "0 * * * *" }, timezone: NEW_YORK } as const;
      const nominal = await expectFires(bed, { ...cron, startTime: midnight }, 30);
      expect(nominal.filter((time) => time <= Date.UTC(2026, 10, 2, 5))).toHaveLength(25);
    });

    onVirtual("is fired once on each day, also on the one that lacks its time", async (bed) => {
      const cron = { trigger: { type: "cron", expression: "30 2 * * *" }, timezone: NEW_YORK } as const;
      const nominal = await expectFires(bed, { ...cron, startTime: Date.UTC(2026, 2, 7, 8) }, 3);
      const widths = nominal.slice(1).map((time, index) => time - nominal[index]!);
      expect(widths).toEqual([23.5 * HOUR_MS, 24 * HOUR_MS]);
    });
  });
}

/** Tests `delayMs`. */
export function delayRules({ chapter }: EngineSuite): void {
  chapter("a delay", (rule) => {
    rule("postpones the fire and not the interval", async (bed) => {
      const delayMs = Math.ceil(bed.periodMs * 1.5);
      await bed.register("orders", { delayMs });
      const start = bed.currentPeriod();
      await bed.passUntilRun("orders", 3);
      const fires = bed.fires.of("orders");
      expect(fires.filter((fire) => fire.receivedAt < fire.scheduledTime + delayMs)).toEqual([]);
      expect(fires.filter((fire) => (fire.scheduledTime - start) % bed.periodMs !== 0)).toEqual([]);
      const { items } = await bed.client.runs({ groupId: "orders" });
      expect(items.filter((run) => run.plannedAt < run.upper + delayMs)).toEqual([]);
      await bed.conclude("orders");
    });
  });
}

/** Tests many schedules that are due at one instant. */
export function manyRules({ chapter, many }: EngineSuite): void {
  chapter("many schedules", (rule) => {
    rule("that are due at the same instant are all fired", async (bed) => {
      const groupIds = Array.from({ length: many }, (_, index) => `group-${index}`);
      // Often enough for the instant, and seldom enough for a machine that runs other tests beside.
      const trigger = { type: "period", every: (5 * bed.periodMs) / 1_000, unit: "second" } as const;
      await bed.client.registerMany(groupIds.map((groupId) => bed.info(groupId, { trigger })));
      await bed.passUntil("each of many to run twice", () =>
        groupIds.every((groupId) => bed.operator.countOf(groupId) >= 2),
      );
      await bed.conclude(...groupIds);
    });
  });
}
