import type { EpochMs, ScheduleInfo } from "@tidegate/core";
import { expect } from "../runner.js";
import type { EngineBed } from "./bed.js";
import type { EngineSuite } from "./suite.js";

/** Returns the trigger of this many periods. */
function every(bed: EngineBed, periods: number): ScheduleInfo["trigger"] {
  return { type: "period", every: (periods * bed.periodMs) / 1_000, unit: "second" };
}

async function update(bed: EngineBed, groupId: string, changes: Partial<ScheduleInfo>): Promise<void> {
  const { version, spec } = await bed.client.get(groupId);
  const info = { ...bed.info(groupId), startTime: spec.startTime, ...changes };
  const { schedule } = await bed.client.update(info, { version });
  expect(schedule).toMatchObject({ version: version + 1, statusReason: null });
}

/** Has a schedule end in some periods; returns when. Later if that had passed before the update was made. */
async function endSoon(bed: EngineBed, groupId: string): Promise<EpochMs> {
  for (;;) {
    const endTime = bed.currentPeriod() + 3 * bed.periodMs;
    await update(bed, groupId, { endTime });
    if (bed.clock.now() < endTime) return endTime;
  }
}

/** Tests `ScheduleClient.update` with this engine. */
export function updateRules({ chapter }: EngineSuite): void {
  chapter("an update", (rule) => {
    rule("moves fires to the new times where they come later", async (bed) => {
      await bed.register("orders");
      await bed.passUntilRun("orders", 2);
      await update(bed, "orders", { trigger: every(bed, 2) });
      const before = bed.operator.countOf("orders");
      await bed.passUntilRun("orders", before + 3);
      const widths = bed.operator.intervalsOf("orders").map(({ lower, upper }) => upper - lower);
      expect(widths.slice(-2)).toEqual([2 * bed.periodMs, 2 * bed.periodMs]);
      await bed.conclude("orders");
    });

    rule("moves fires to the new times where they come sooner", async (bed) => {
      await bed.register("orders", { trigger: every(bed, 1_000) });
      await update(bed, "orders", { trigger: every(bed, 1) });
      await bed.passUntilRun("orders", 3);
      const [first] = bed.operator.intervalsOf("orders");
      expect(first!.upper - first!.lower).toBe(bed.periodMs);
      await bed.conclude("orders");
    });

    rule("that brings the end nearer silences what follows", async (bed) => {
      await bed.register("witness");
      await bed.register("orders");
      await bed.passUntilRun("orders", 1);
      const endTime = await endSoon(bed, "orders");
      const updatedAt = bed.clock.now();
      await bed.passUntil("the end", async () => (await bed.client.get("orders")).nextFireAt === null);
      await bed.passUntilRun("witness", bed.operator.countOf("witness") + 2);
      expect(bed.operator.intervalsOf("orders").at(-1)?.upper).toBe(endTime);
      // A group whose runs are late is checked again at times that are not on its grid.
      const nominal = bed.fires.timesOf("orders").filter((time) => (time - endTime) % bed.periodMs === 0);
      // A fire that was due before the engine had the update may be in progress.
      expect(nominal.at(-1)).toBeLessThanOrEqual(Math.max(endTime, updatedAt));
      await bed.conclude("orders", "witness");
    });

    rule("of a schedule that is paused shows when it is resumed", async (bed) => {
      await bed.register("orders");
      await bed.passUntilRun("orders", 1);
      await bed.client.pause("orders");
      await update(bed, "orders", { trigger: every(bed, 2) });
      await bed.client.resume("orders");
      const before = bed.operator.countOf("orders");
      await bed.passUntilRun("orders", before + 3);
      const last = bed.operator.intervalsOf("orders").at(-1)!;
      expect(last.upper - last.lower).toBe(2 * bed.periodMs);
      await bed.conclude("orders");
    });

    rule("one after the other leaves the last", async (bed) => {
      await bed.register("orders");
      for (const periods of [7, 3, 5, 2, 1]) {
        await update(bed, "orders", { trigger: every(bed, periods), description: `${periods}` });
      }
      // Earlier runs may be of any of these triggers, if a registration takes longer than a period.
      const before = bed.operator.countOf("orders");
      await bed.passUntilRun("orders", before + 3);
      const last = bed.operator.intervalsOf("orders").at(-1)!;
      expect(last.upper - last.lower).toBe(bed.periodMs);
      await bed.conclude("orders");
    });
  });
}
