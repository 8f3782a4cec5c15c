import { describe, expect, it } from "@jest/globals";
import { SystemClock } from "../../src/clock/system-clock.js";

describe("the system clock", () => {
  it("calls back not before its time", async () => {
    const clock = new SystemClock();
    const until = clock.now() + 5;
    await new Promise<void>((resolve) => {
      clock.wakeAt(until, resolve);
    });
    expect(clock.now()).toBeGreaterThanOrEqual(until);
  });

  it("calls back for a time that has passed, but never synchronously", async () => {
    const clock = new SystemClock();
    let isSynchronous = true;
    const woke = new Promise<boolean>((resolve) => {
      clock.wakeAt(clock.now() - 1_000, () => resolve(isSynchronous));
    });
    isSynchronous = false;
    expect(await woke).toBe(false);
  });

  it("does not call back a timer that was cancelled", async () => {
    const clock = new SystemClock();
    const fired: string[] = [];
    const cancelled = clock.wakeAt(clock.now(), () => fired.push("cancelled"));
    cancelled.cancel();
    await new Promise<void>((resolve) => {
      clock.wakeAt(clock.now() + 2, () => {
        fired.push("kept");
        resolve();
      });
    });
    expect(fired).toEqual(["kept"]);
  });

  it("keeps no process alive with a far timer that was cancelled while it sleeps in parts", () => {
    const clock = new SystemClock();
    const timer = clock.wakeAt(clock.now() + 3_600_000, () => undefined);
    const before = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    timer.cancel();
    const after = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    expect(after).toBe(before - 1);
  });

  it("counts elapsed time by a clock that nobody sets", async () => {
    const clock = new SystemClock();
    const before = clock.monotonicNow();
    await new Promise<void>((resolve) => {
      clock.wakeAfter(5, resolve);
    });
    expect(clock.monotonicNow() - before).toBeGreaterThanOrEqual(5);
  });
});
