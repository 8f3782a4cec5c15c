import type { Fire } from "@tidegate/core/engine";
import { expect } from "../runner.js";
import type { EngineBed } from "./bed.js";
import type { EngineProcess, Ledger } from "./fixture.js";
import type { EngineSuite } from "./suite.js";

const GROUPS = Array.from({ length: 20 }, (_, index) => `group-${index}`);

/** Number of kills in the test that kills a process repeatedly. */
const KILLS = 5;

/** Tests other processes that fire the same schedules, and what happens when one dies or hangs. */
export function processRules({ chapter, supports }: EngineSuite): void {
  chapter("several processes", (always) => {
    const rule = always.when(supports.processes);

    rule("fire each interval once between them", async (bed) => {
      const others = [await another(bed), await another(bed)];
      await registerAll(bed);
      await untilEachRan(bed, 4);
      await endAll(others);
      await bed.conclude(...GROUPS);
    });

    rule("go on with what was registered by one that has stopped", async (bed) => {
      const other = await another(bed);
      await registerAll(bed);
      await untilEachRan(bed, 1);
      await bed.engine.stop();
      const firesBefore = other.fires;
      await untilEachRan(bed, 3);
      expect(other.fires).toBeGreaterThan(firesBefore);
      await endAll([other]);
      await bed.conclude(...GROUPS);
    });

    rule("lose nothing when one is killed between taking fires and planning them", async (bed) => {
      const taken: Fire[] = [];
      const mute = await another(bed, (fires) => {
        taken.push(...fires);
        return new Promise(() => {});
      });
      await registerAll(bed);
      await bed.passUntil("fires to be taken", () => taken.length > 0);
      await mute.kill();
      await untilEachRan(bed, 3);
      await bed.conclude(...GROUPS);
    });

    rule(`lose nothing when one after the other is killed at any moment, ${KILLS} times`, async (bed) => {
      await registerAll(bed);
      for (let kill = 0; kill < KILLS; kill += 1) {
        const mortal = await another(bed);
        await bed.passUntil("it to fire", () => mortal.fires > 0);
        await mortal.kill();
      }
      await untilEachRan(bed, 3);
      await bed.conclude(...GROUPS);
    });

    rule("go on when one hangs, and are not disturbed when it wakes up", async (bed) => {
      const other = await another(bed);
      await registerAll(bed);
      await bed.passUntil("it to fire", () => other.fires > 0);
      other.freeze();
      await untilEachRan(bed, 5);
      other.thaw();
      await untilEachRan(bed, 3);
      await endAll([other]);
      await bed.conclude(...GROUPS);
    });
  });
}

/** Starts another process of the engine, whose fires go to the bed's ledger unless another one is given. */
async function another({ fixture, fires }: EngineBed, ledger?: Ledger): Promise<EngineProcess> {
  const { spawn } = fixture;
  if (spawn === undefined) throw new Error("The fixture lacks `spawn`: add it, or say that the bed cannot.");
  return spawn(ledger ?? ((taken) => fires.sink.fire(taken)));
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
