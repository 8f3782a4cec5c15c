import { describe, expect, it } from "@jest/globals";
import type { EngineBed } from "./bed.js";
import type { EngineSuite } from "./suite.js";

/** Fails if a nominal time was fired twice; on the machine's clock only the ledger must be exact. */
function expectFiredOnce(bed: EngineBed, groupId: string, isVirtual: boolean): void {
  if (isVirtual) expect(bed.fires.of(groupId)).toHaveLength(bed.fires.timesOf(groupId).length);
}

/** Tests the handlers as the reconciler calls them after a crash: repeatedly, too late, and without need. */
export function handlerRules({ bed, isVirtual }: EngineSuite): void {
  describe("a handler that is called again", () => {
    it("registers what is registered already, once", async () => {
      await bed().register("orders");
      const schedule = await bed().engineSchedule("orders");
      await bed().engine.handleRegister([schedule]);
      await bed().engine.handleRegister([schedule, schedule]);
      await bed().passUntilRun("orders", 3);
      expectFiredOnce(bed(), "orders", isVirtual);
      await bed().conclude("orders");
    });

    it("updates to what is so already", async () => {
      await bed().register("orders");
      const schedule = await bed().engineSchedule("orders");
      await bed().engine.handleUpdate([schedule]);
      await bed().engine.handleUpdate([schedule]);
      await bed().passUntilRun("orders", 3);
      expectFiredOnce(bed(), "orders", isVirtual);
      await bed().conclude("orders");
    });

    it("registers by an update what it does not hold, as when a paused schedule is resumed", async () => {
      await bed().register("orders");
      const schedule = await bed().engineSchedule("orders");
      await bed().engine.handleUnregister(["orders"]);
      await bed().engine.handleUpdate([schedule]);
      await bed().passUntilRun("orders", 3);
      await bed().conclude("orders");
    });

    it("lets go what it does not hold", async () => {
      await bed().register("orders");
      await bed().engine.handleUnregister(["nobody"]);
      await bed().unregister("orders");
      await bed().engine.handleUnregister(["orders", "orders"]);
      await bed().register("witness");
      await bed().passUntilRun("witness", 2);
      await bed().conclude("witness");
    });

    it("does nothing for nothing", async () => {
      await bed().engine.handleRegister([]);
      await bed().engine.handleUpdate([]);
      await bed().engine.handleUnregister([]);
      await bed().register("witness");
      await bed().passUntilRun("witness", 2);
      await bed().conclude("witness");
    });

    it("takes a schedule that has ended, and does not fire it", async () => {
      await bed().register("witness");
      const startTime = bed().currentPeriod();
      await bed().register("orders", { startTime, endTime: startTime + bed().periodMs });
      await bed().passUntilRun("orders", 1);
      const ended = await bed().engineSchedule("orders");
      expect(ended.nextFireAt).toBeNull();
      const before = bed().fires.of("orders").length;
      await bed().engine.handleUpdate([ended]);
      await bed().engine.handleRegister([ended]);
      await bed().passUntilRun("witness", bed().operator.countOf("witness") + 2);
      expect(bed().fires.of("orders")).toHaveLength(before);
      await bed().conclude("orders", "witness");
    });
  });
}
