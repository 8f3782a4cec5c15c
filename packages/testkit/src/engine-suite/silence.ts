import { expect } from "@jest/globals";
import type { EpochMs } from "@tidegate/core";
import type { EngineBed } from "./bed.js";
import type { EngineSuite } from "./suite.js";

/** Lets another schedule of the same engine run for a while, so that the engine had time to misfire. */
async function passWithWitness(bed: EngineBed): Promise<void> {
  await bed.passUntilRun("witness", bed.operator.countOf("witness") + 3);
}

/** Returns the nominal times after `instant` that were fired for the group. */
function firedAfter(bed: EngineBed, groupId: string, instant: EpochMs): EpochMs[] {
  return bed.fires.timesOf(groupId).filter((time) => time > instant);
}

/**
 * Tests what must not be fired. A fire that was in progress when its schedule changed is harmless and
 * allowed.
 */
export function silenceRules({ chapter }: EngineSuite): void {
  chapter("silence", (rule) => {
    rule(
      "is kept for a schedule that is paused, and what was missed is run when it is resumed",
      async (bed) => {
        await bed.register("witness");
        await bed.register("orders");
        await bed.passUntilRun("orders", 2);
        await bed.client.pause("orders");
        const pausedAt = bed.clock.now();
        await passWithWitness(bed);
        expect(firedAfter(bed, "orders", pausedAt)).toEqual([]);
        await bed.client.resume("orders");
        await bed.passUntilRun("orders", bed.operator.countOf("witness") + 1);
        // What was missed is planned without a fire.
        await bed.passUntil("the next fire", () => firedAfter(bed, "orders", pausedAt).length > 0);
        expect(firedAfter(bed, "orders", pausedAt)).not.toEqual([]);
        await bed.conclude("orders", "witness");
      },
    );

    rule("is kept for a schedule that was unregistered", async (bed) => {
      await bed.register("witness");
      await bed.register("orders");
      await bed.passUntilRun("orders", 2);
      await bed.unregister("orders");
      const unregisteredAt = bed.clock.now();
      await passWithWitness(bed);
      expect(firedAfter(bed, "orders", unregisteredAt)).toEqual([]);
      await bed.conclude("witness");
      expect(await bed.client.audit("orders")).toMatchObject({ isSound: true });
    });

    rule("ends when the group is registered again, and its ledger goes on", async (bed) => {
      await bed.register("orders");
      await bed.passUntilRun("orders", 2);
      const { spec } = await bed.client.get("orders");
      await bed.unregister("orders");
      await bed.register("orders", { startTime: spec.startTime });
      await bed.passUntilRun("orders", 4);
      await bed.passUntil("no cancelled run to be left behind", async () => {
        const { active } = await bed.client.audit("orders");
        return active.runs === 0;
      });
      expect(await bed.client.audit("orders")).toMatchObject({ isSound: true });
    });

    rule("is kept for a schedule that has ended", async (bed) => {
      await bed.register("witness");
      const startTime = bed.currentPeriod();
      const endTime = startTime + 3 * bed.periodMs;
      await bed.register("orders", { startTime, endTime });
      await bed.passUntilRun("orders", 3);
      await passWithWitness(bed);
      expect(firedAfter(bed, "orders", endTime)).toEqual([]);
      expect(await bed.client.audit("orders")).toMatchObject({ isComplete: true, owed: null });
      expect((await bed.client.get("orders")).nextFireAt).toBeNull();
      await bed.conclude("orders", "witness");
    });
  });
}
