import { describe, expect, it } from "@jest/globals";
import type { Fire } from "@tidegate/core";
import type { EngineBed } from "./bed.js";
import type { EngineProcess, Ledger } from "./fixture.js";
import type { EngineSuite } from "./suite.js";

const GROUPS = Array.from({ length: 20 }, (_, index) => `group-${index}`);

/** Number of kills in the test that kills a process repeatedly. */
const KILLS = 5;

/** Tests other processes that fire the same schedules, and what happens when one dies or hangs. */
export function processRules({ bed, supports }: EngineSuite): void {
  (supports.processes ? describe : describe.skip)("several processes", () => {
    const another = async (ledger?: Ledger): Promise<EngineProcess> => {
      const { spawn } = bed().fixture;
      if (spawn === undefined)
        throw new Error("The fixture lacks `spawn`: add it, or say that the bed cannot.");
      return spawn(ledger ?? ((fires) => bed().fires.sink.fire(fires)));
    };

    it("fire each interval once between them", async () => {
      const others = [await another(), await another()];
      await registerAll(bed());
      await untilEachRan(bed(), 4);
      await endAll(others);
      await bed().conclude(...GROUPS);
    });

    it("go on with what was registered by one that has stopped", async () => {
      const other = await another();
      await registerAll(bed());
      await untilEachRan(bed(), 1);
      await bed().engine.stop();
      const firesBefore = other.fires;
      await untilEachRan(bed(), 3);
      expect(other.fires).toBeGreaterThan(firesBefore);
      await endAll([other]);
      await bed().conclude(...GROUPS);
    });

    it("lose nothing when one is killed between taking fires and planning them", async () => {
      const taken: Fire[] = [];
      const mute = await another((fires) => {
        taken.push(...fires);
        return new Promise(() => {});
      });
      await registerAll(bed());
      await bed().passUntil("fires to be taken", () => taken.length > 0);
      await mute.kill();
      await untilEachRan(bed(), 3);
      await bed().conclude(...GROUPS);
    });

    it(`lose nothing when one after the other is killed at any moment, ${KILLS} times`, async () => {
      await registerAll(bed());
      for (let kill = 0; kill < KILLS; kill += 1) {
        const mortal = await another();
        await bed().passUntil("it to fire", () => mortal.fires > 0);
        await mortal.kill();
      }
      await untilEachRan(bed(), 3);
      await bed().conclude(...GROUPS);
    });

    it("go on when one hangs, and are not disturbed when it wakes up", async () => {
      const other = await another();
      await registerAll(bed());
      await bed().passUntil("it to fire", () => other.fires > 0);
      other.freeze();
      await untilEachRan(bed(), 5);
      other.thaw();
      await untilEachRan(bed(), 3);
      await endAll([other]);
      await bed().conclude(...GROUPS);
    });
  });
}

async function registerAll(bed: EngineBed): Promise<void> {
  for (const groupId of GROUPS) await bed.register(groupId);
}

/** Waits until each group has run this many more intervals. */
async function untilEachRan(bed: EngineBed, more: number): Promise<void> {
  const wanted = GROUPS.map((groupId) => bed.operator.countOf(groupId) + more);
  for (const [index, groupId] of GROUPS.entries()) await bed.passUntilRun(groupId, wanted[index]!);
}

async function endAll(processes: readonly EngineProcess[]): Promise<void> {
  for (const each of processes) await each.kill();
}
