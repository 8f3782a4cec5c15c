import { expect } from "../runner.js";
import type { EngineSuite } from "./suite.js";

/** Tests that an engine repeats a fire until the sink accepts it. */
export function refusalRules({ chapter }: EngineSuite): void {
  chapter("a fire that the sink rejects", (rule) => {
    rule("is repeated until it is planned", async (bed) => {
      bed.fires.loseNext(3, "not-planned");
      await bed.register("orders");
      await bed.passUntilRun("orders", 3);
      expect(bed.fires.of("orders").length).toBeGreaterThan(3);
      await bed.conclude("orders");
    });

    rule("after it was planned is repeated, and runs once", async (bed) => {
      await bed.register("orders");
      bed.fires.loseNext(2, "planned");
      await bed.passUntilRun("orders", 4);
      await bed.conclude("orders");
    });

    rule("keeps its nominal time", async (bed) => {
      const start = bed.currentPeriod();
      await bed.register("orders");
      bed.fires.loseNext(2, "not-planned");
      await bed.passUntilRun("orders", 2);
      const offGrid = bed.fires.timesOf("orders").filter((time) => (time - start) % bed.periodMs !== 0);
      expect(offGrid).toEqual([]);
      await bed.conclude("orders");
    });

    rule("does not lose the others that were fired with it", async (bed) => {
      const groupIds = ["a", "b", "c", "d"];
      await bed.client.registerMany(groupIds.map((groupId) => bed.info(groupId)));
      bed.fires.loseNext(4, "not-planned");
      for (const groupId of groupIds) await bed.passUntilRun(groupId, 2);
      await bed.conclude(...groupIds);
    });

    rule("by its last once is owed nevertheless", async (bed) => {
      const startTime = bed.currentPeriod();
      await bed.register("orders", { startTime, endTime: startTime + bed.periodMs });
      bed.fires.loseNext(2, "not-planned");
      await bed.passUntilRun("orders", 1);
      expect(await bed.client.audit("orders")).toMatchObject({ isSound: true, owed: null });
      await bed.conclude("orders");
    });
  });
}
