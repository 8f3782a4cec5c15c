import { expect } from "../runner.js";
import type { EngineBed } from "./bed.js";
import type { EngineSuite } from "./suite.js";

/** Fails if a nominal time was fired twice; on the machine's clock only the ledger must be exact. */
function expectFiredOnce(bed: EngineBed, groupId: string, isVirtual: boolean): void {
  if (isVirtual) expect(bed.fires.of(groupId)).toHaveLength(bed.fires.timesOf(groupId).length);
}

/** Tests the handlers as the reconciler calls them after a crash: repeatedly, too late, and without need. */
export function handlerRules({ chapter, isVirtual }: EngineSuite): void {
  chapter("a handler that is called again", (rule) => {
    rule("registers what is registered already, once", async (bed) => {
      await bed.register("orders");
      const schedule = await bed.engineSchedule("orders");
      await bed.engine.handleRegister([schedule]);
      await bed.engine.handleRegister([schedule, schedule]);
      await bed.passUntilRun("orders", 3);
      expectFiredOnce(bed, "orders", isVirtual);
      await bed.conclude("orders");
    });

    rule("updates to what is so already", async (bed) => {
      await bed.register("orders");
      const schedule = await bed.engineSchedule("orders");
      await bed.engine.handleUpdate([schedule]);
      await bed.engine.handleUpdate([schedule]);
      await bed.passUntilRun("orders", 3);
      expectFiredOnce(bed, "orders", isVirtual);
      await bed.conclude("orders");
    });

    rule(
      "registers by an update what it does not hold, as when a paused schedule is resumed",
      async (bed) => {
        await bed.register("orders");
        const schedule = await bed.engineSchedule("orders");
        await bed.engine.handleUnregister(["orders"]);
        await bed.engine.handleUpdate([schedule]);
        await bed.passUntilRun("orders", 3);
        await bed.conclude("orders");
      },
    );

    rule("lets go what it does not hold", async (bed) => {
      await bed.register("orders");
      await bed.engine.handleUnregister(["nobody"]);
      await bed.unregister("orders");
      await bed.engine.handleUnregister(["orders", "orders"]);
      await bed.register("witness");
      await bed.passUntilRun("witness", 2);
      await bed.conclude("witness");
    });

    rule("does nothing for nothing", async (bed) => {
      await bed.engine.handleRegister([]);
      await bed.engine.handleUpdate([]);
      await bed.engine.handleUnregister([]);
      await bed.register("witness");
      await bed.passUntilRun("witness", 2);
      await bed.conclude("witness");
    });

    rule("takes a schedule that has ended, and does not fire it", async (bed) => {
      await bed.register("witness");
      const startTime = bed.currentPeriod();
      await bed.register("orders", { startTime, endTime: startTime + bed.periodMs });
      await bed.passUntilRun("orders", 1);
      const ended = await bed.engineSchedule("orders");
      expect(ended.nextFireAt).toBeNull();
      const before = bed.fires.of("orders").length;
      await bed.engine.handleUpdate([ended]);
      await bed.engine.handleRegister([ended]);
      await bed.passUntilRun("witness", bed.operator.countOf("witness") + 2);
      expect(bed.fires.of("orders")).toHaveLength(before);
      await bed.conclude("orders", "witness");
    });
  });
}
