import { expect } from "../runner.js";
import type { EngineSuite } from "./suite.js";

/** Tests `stop`. */
export function stoppingRules({ chapter }: EngineSuite): void {
  chapter("stop", (rule) => {
    rule("ends all fires", async (bed) => {
      await bed.register("orders");
      await bed.passUntilRun("orders", 2);
      await bed.stop();
      const before = bed.fires.fires.length;
      await bed.pass(4);
      expect(bed.fires.fires).toHaveLength(before);
      await bed.startAgain();
      await bed.passUntilRun("orders", 3);
      await bed.conclude("orders");
    });

    rule("resolves when no fire is under way", async (bed) => {
      await bed.register("orders");
      const release = bed.fires.hold();
      await bed.passUntil("a fire to be under way", () => bed.fires.underWay > 0);
      let isStopped = false;
      const stopped = bed.stopFiring().then(() => {
        isStopped = true;
      });
      await bed.pass(1);
      const wasStoppedWhileUnderWay = isStopped;
      release();
      await stopped;
      expect(wasStoppedWhileUnderWay).toBe(false);
      expect(bed.fires.underWay).toBe(0);
      await bed.conclude("orders");
    });

    rule("may be called again, and where nothing was registered", async (bed) => {
      await bed.stop();
      await bed.engine.stop();
      await bed.startAgain();
      await bed.register("orders");
      await bed.passUntilRun("orders", 2);
      await bed.conclude("orders");
    });
  });
}

/** Tests a restart over the same store. */
export function restartRules({ chapter }: EngineSuite): void {
  chapter("a restart", (rule) => {
    rule("catches up on what was missed, oldest first, and runs nothing twice", async (bed) => {
      await bed.register("orders");
      await bed.passUntilRun("orders", 2);
      await bed.stop();
      await bed.pass(5);
      await bed.startAgain();
      await bed.passUntilRun("orders", 8);
      const submitted = bed.operator.submissions.map(({ lowerBound }) => Number(lowerBound));
      expect(submitted).toEqual([...submitted].sort((a, b) => a - b));
      await bed.conclude("orders");
    });

    rule("again and again leaves no gap and no overlap", async (bed) => {
      await bed.register("orders");
      for (let round = 1; round <= 3; round += 1) {
        await bed.passUntilRun("orders", 2 * round);
        await bed.stop();
        await bed.startAgain();
      }
      await bed.passUntilRun("orders", 8);
      await bed.conclude("orders");
    });

    rule("with a fire under way neither loses it nor runs it twice", async (bed) => {
      await bed.register("orders");
      await bed.passUntilRun("orders", 1);
      bed.fires.loseNext(1, "not-planned");
      await bed.passUntil("a fire to be lost", () => bed.fires.of("orders").length > 1);
      await bed.stop();
      await bed.startAgain();
      await bed.passUntilRun("orders", 4);
      await bed.conclude("orders");
    });

    rule("does not bring back what was paused or unregistered before", async (bed) => {
      for (const groupId of ["witness", "paused", "gone"]) await bed.register(groupId);
      for (const groupId of ["witness", "paused", "gone"]) await bed.passUntilRun(groupId, 1);
      await bed.client.pause("paused");
      await bed.client.unregister("gone");
      const before = [bed.fires.of("paused").length, bed.fires.of("gone").length];
      await bed.stop();
      await bed.startAgain();
      await bed.passUntilRun("witness", bed.operator.countOf("witness") + 3);
      expect([bed.fires.of("paused").length, bed.fires.of("gone").length]).toEqual(before);
      await bed.conclude("witness", "paused");
    });
  });
}
