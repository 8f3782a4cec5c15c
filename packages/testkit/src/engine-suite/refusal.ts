import { describe, expect, it } from "@jest/globals";
import type { EngineSuite } from "./suite.js";

/** Tests that an engine repeats a fire until the sink accepts it. */
export function refusalRules({ bed }: EngineSuite): void {
  describe("a fire that the sink rejects", () => {
    it("is repeated until it is planned", async () => {
      bed().fires.loseNext(3, "not-planned");
      await bed().register("orders");
      await bed().passUntilRun("orders", 3);
      expect(bed().fires.of("orders").length).toBeGreaterThan(3);
      await bed().conclude("orders");
    });

    it("after it was planned is repeated, and runs once", async () => {
      await bed().register("orders");
      bed().fires.loseNext(2, "planned");
      await bed().passUntilRun("orders", 4);
      await bed().conclude("orders");
    });

    it("keeps its nominal time", async () => {
      const start = bed().currentPeriod();
      await bed().register("orders");
      bed().fires.loseNext(2, "not-planned");
      await bed().passUntilRun("orders", 2);
      const offGrid = bed()
        .fires.timesOf("orders")
        .filter((time) => (time - start) % bed().periodMs !== 0);
      expect(offGrid).toEqual([]);
      await bed().conclude("orders");
    });

    it("does not lose the others that were fired with it", async () => {
      const groupIds = ["a", "b", "c", "d"];
      await bed().client.registerMany(groupIds.map((groupId) => bed().info(groupId)));
      bed().fires.loseNext(4, "not-planned");
      for (const groupId of groupIds) await bed().passUntilRun(groupId, 2);
      await bed().conclude(...groupIds);
    });

    it("by its last once is owed nevertheless", async () => {
      const startTime = bed().currentPeriod();
      await bed().register("orders", { startTime, endTime: startTime + bed().periodMs });
      bed().fires.loseNext(2, "not-planned");
      await bed().passUntilRun("orders", 1);
      expect(await bed().client.audit("orders")).toMatchObject({ isSound: true, owed: null });
      await bed().conclude("orders");
    });
  });
}
