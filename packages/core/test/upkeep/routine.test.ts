import { describe, expect, it } from "@jest/globals";
import { VirtualClock } from "../../src/clock/virtual-clock.js";
import { Routine } from "../../src/upkeep/routine.js";

/** A routine whose passes the test lets end, and what it did, each with its time in ms. */
function aRoutine(nextMs: number | undefined, isHeld = false) {
  const clock = new VirtualClock();
  const log: string[] = [];
  const held: (() => void)[] = [];
  const script: { failure?: Error } = {};
  const note = (what: string) => log.push(`${what} ${clock.monotonicNow()}`);
  const routine = new Routine({
    clock,
    pass: async () => {
      note("begins");
      if (isHeld) await new Promise<void>((resolve) => held.push(resolve));
      if (script.failure !== undefined) throw script.failure;
      note("ends");
      return nextMs;
    },
    onError: (error) => note(String(error)),
    retryMs: 10,
  });
  const release = async () => {
    held.shift()!();
    await clock.settle();
  };
  return { clock, routine, log, release, script };
}

describe("a routine", () => {
  it("passes when it starts, and again each time that a pass names", async () => {
    const { clock, routine, log } = aRoutine(1_000);
    routine.start();
    await clock.advance(2_500);
    expect(log).toEqual(["begins 0", "ends 0", "begins 1000", "ends 1000", "begins 2000", "ends 2000"]);
    await routine.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it("waits with its first pass if it is told to, and is never woken by a clock that is set", async () => {
    const { clock, routine, log } = aRoutine(1_000);
    routine.start(300);
    clock.set(clock.now() + 86_400_000);
    await clock.advance(299);
    expect(log).toEqual([]);
    await clock.advance(1);
    expect(log).toEqual(["begins 300", "ends 300"]);
    await routine.stop();
  });

  it("passes when it is asked to, and counts its time from then on", async () => {
    const { clock, routine, log } = aRoutine(1_000);
    routine.start(1_000);
    await clock.advance(400);
    await routine.run();
    await clock.advance(999);
    expect(log).toEqual(["begins 400", "ends 400"]);
    await clock.advance(1);
    expect(log.at(-1)).toBe("ends 1400");
    await routine.stop();
  });

  it("does one pass at a time, and one for all who ask while another is in progress", async () => {
    const { clock, routine, log, release } = aRoutine(undefined, true);
    routine.start();
    await clock.advance(0);
    const asked = [routine.run(), routine.run(), routine.run()];
    expect(new Set(asked).size).toBe(1);
    await clock.settle();
    expect(log).toEqual(["begins 0"]);
    await release();
    expect(log).toEqual(["begins 0", "ends 0", "begins 0"]);
    await release();
    await Promise.all(asked);
    await clock.advance(1_000_000);
    expect(log).toHaveLength(4);
    await routine.stop();
  });

  it("passes earlier than planned if it has to, also if that is said during a pass, and never later", async () => {
    const { clock, routine, log, release } = aRoutine(1_000, true);
    routine.start();
    await clock.advance(0);
    routine.runWithin(50);
    await release();
    await clock.advance(50);
    expect(log).toEqual(["begins 0", "ends 0", "begins 50"]);
    await release();
    routine.runWithin(5_000);
    await clock.advance(1_000);
    expect(log.at(-1)).toBe("begins 1050");
    await release();
    await routine.stop();
  });

  it("reports a pass that fails, and tries again soon", async () => {
    const { clock, routine, log, script } = aRoutine(1_000);
    script.failure = new Error("away");
    routine.start();
    await clock.advance(10);
    delete script.failure;
    await clock.advance(10);
    expect(log).toEqual(["begins 0", "Error: away 0", "begins 10", "Error: away 10", "begins 20", "ends 20"]);
    await routine.stop();
  });

  it("has ended its pass when it has stopped, and begins none after that", async () => {
    const { clock, routine, log, release } = aRoutine(1_000, true);
    routine.start();
    await clock.advance(0);
    const asked = routine.run();
    let isStopped = false;
    const stopping = routine.stop().then(() => {
      isStopped = true;
    });
    await clock.settle();
    expect({ isStopped, isRunning: routine.isRunning }).toEqual({ isStopped: false, isRunning: false });
    await release();
    await stopping;
    await asked;
    routine.runWithin(0);
    await routine.run();
    await clock.advance(10_000);
    expect(log).toEqual(["begins 0", "ends 0"]);
    expect(clock.pendingTimers).toBe(0);
  });
});
