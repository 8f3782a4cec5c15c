import { expect } from "../runner.js";
import type { EngineSuite } from "./suite.js";

/** The longest interval, in periods, that a busy machine may make of several; a forgotten fire would take far more. */
const MOST_PERIODS = 10;

/** Tests that an engine is on time again after a fire that the ledger has put off until a run ends. */
export function putOffRules({ chapter, isVirtual }: EngineSuite): void {
  chapter("a fire that is put off for a run", (rule) => {
    rule("is followed by the next in its time, as soon as the run has ended", async (bed) => {
      const { operator } = bed;
      const submit = operator.submit.bind(operator);
      let end = (): void => {};
      const ended = new Promise<void>((resolve) => {
        end = resolve;
      });
      operator.submit = async (request, context) => {
        const job = await submit(request, context);
        await ended;
        return job;
      };
      await bed.register("orders", { overlap: "coalesce-pending" });
      await bed.passUntilRun("orders", 1);
      const before = bed.fires.of("orders").length;
      await bed.passUntil("a fire to be put off", () => bed.fires.of("orders").length > before);
      end();
      await bed.passUntilRun("orders", 6);
      const after = bed.operator.intervalsOf("orders").slice(2);
      const periods = after.map(({ lower, upper }) => (upper - lower) / bed.periodMs);
      expect(periods.filter((count) => count > (isVirtual ? 1 : MOST_PERIODS))).toEqual([]);
      await bed.conclude("orders");
    });
  });
}
