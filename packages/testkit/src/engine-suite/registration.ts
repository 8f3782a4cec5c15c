import { expect } from "../runner.js";
import type { EngineSuite } from "./suite.js";

/** Tests `ScheduleClient.register` and `registerMany` with this engine. */
export function registrationRules({ chapter, finestPeriodMs }: EngineSuite): void {
  chapter("registration", (rule) => {
    rule("takes many schedules at once, and a malformed one holds up no other", async (bed) => {
      const groupIds = Array.from({ length: 20 }, (_, index) => `group-${String(index).padStart(2, "0")}`);
      const infos = groupIds.map((groupId) => bed.info(groupId));
      const malformed = bed.info("malformed", { trigger: { type: "cron", expression: "nonsense" } });
      const results = await bed.client.registerMany([...infos.slice(0, 10), malformed, ...infos.slice(10)]);
      expect(results.filter(({ isRegistered }) => isRegistered).map(({ groupId }) => groupId)).toEqual(
        groupIds,
      );
      expect(results[10]).toMatchObject({ groupId: "malformed", isRegistered: false });
      for (const groupId of groupIds) await bed.passUntilRun(groupId, 2);
      await bed.conclude(...groupIds);
    });

    rule("takes a schedule that is as fine as the engine can fire", async (bed) => {
      const every = Math.max(1, Math.ceil(bed.engine.capabilities.finestPeriodMs / 1_000));
      await bed.register("finest", { trigger: { type: "period", every, unit: "second" } });
      await bed.passUntilRun("finest", 3);
      await bed.conclude("finest");
    });

    rule.when(finestPeriodMs > 1_000)(
      "refuses a schedule that is finer, and tells the field",
      async (bed) => {
        const info = bed.info("finer", { trigger: { type: "period", every: 1, unit: "second" } });
        const refused = { code: "SCHEDULE_INVALID", field: "trigger" };
        await expect(bed.client.register(info)).rejects.toMatchObject(refused);
        await expect(bed.client.get("finer")).rejects.toMatchObject({ code: "SCHEDULE_NOT_FOUND" });
      },
    );

    rule("catches up on a start in the past", async (bed) => {
      const startTime = bed.currentPeriod() - 5 * bed.periodMs;
      await bed.register("late", { startTime });
      await bed.passUntilRun("late", 6);
      expect(bed.operator.intervalsOf("late")[0]?.lower).toBe(startTime);
      await bed.conclude("late");
    });
  });
}
