import { expect } from "../runner.js";
import type { EngineSuite } from "./suite.js";

/**
 * The longest interval that lateness may make of several, ms. An engine that does not move its fire when it is told to
 * is late by a minute, since planning that waits is checked again so long after.
 */
const MOST_MS = 45_000;

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
      const most = isVirtual ? bed.periodMs : MOST_MS;
      expect(after.map(({ lower, upper }) => upper - lower).filter((length) => length > most)).toEqual([]);
      await bed.conclude("orders");
    });
  });
}
