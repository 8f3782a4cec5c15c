import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { VirtualClock } from "../../src/clock/virtual-clock.js";
import { HOUR, T0 } from "../support/instants.js";

describe("a virtual clock", () => {
  it("stands still until it is moved", async () => {
    const clock = new VirtualClock();
    await nextTurn();
    expect(clock.now()).toBe(T0);
    await clock.advance(HOUR);
    expect(clock.now()).toBe(T0 + HOUR);
  });

  it("fires timers in the order of their times, those of one time in the order they were set", async () => {
    const clock = new VirtualClock({ start: 0 });
    const fired: string[] = [];
    clock.wakeAt(20, () => fired.push(`late at ${clock.now()}`));
    clock.wakeAt(10, () => fired.push(`first at ${clock.now()}`));
    clock.wakeAt(10, () => fired.push(`second at ${clock.now()}`));
    clock.wakeAt(21, () => fired.push("beyond"));
    await clock.advance(20);
    expect(fired).toEqual(["first at 10", "second at 10", "late at 20"]);
  });

  it("fires timers that a timer sets on the way", async () => {
    const clock = new VirtualClock({ start: 0 });
    const fired: number[] = [];
    const again = (): void => {
      fired.push(clock.now());
      clock.wakeAt(clock.now() + 10, again);
    };
    clock.wakeAt(10, again);
    await clock.advance(35);
    expect(fired).toEqual([10, 20, 30]);
  });

  it("lets what a timer set off finish before time moves on", async () => {
    const clock = new VirtualClock({ start: 0 });
    const seen: number[] = [];
    clock.wakeAt(10, () => {
      void nextTurn().then(() => seen.push(clock.now()));
    });
    clock.wakeAt(20, () => seen.push(clock.now()));
    await clock.advance(20);
    expect(seen).toEqual([10, 20]);
  });

  it("never calls back synchronously, and takes a time that has passed for now", async () => {
    const clock = new VirtualClock({ start: 100 });
    const fired: number[] = [];
    clock.wakeAt(50, () => fired.push(clock.now()));
    expect(fired).toEqual([]);
    await clock.advance(0);
    expect(fired).toEqual([100]);
  });

  it("does not fire what was cancelled", async () => {
    const clock = new VirtualClock({ start: 0 });
    const fired: string[] = [];
    const timer = clock.wakeAt(10, () => fired.push("cancelled"));
    clock.wakeAt(10, () => fired.push("kept"));
    timer.cancel();
    await clock.advance(10);
    expect(fired).toEqual(["kept"]);
  });

  it("can be set back, and fires nothing by it", async () => {
    const clock = new VirtualClock({ start: 100 });
    const fired: number[] = [];
    clock.wakeAt(120, () => fired.push(clock.now()));
    clock.set(90);
    expect(clock.now()).toBe(90);
    await clock.advance(29);
    expect(fired).toEqual([]);
    await clock.advance(1);
    expect(fired).toEqual([120]);
  });

  it("that is set lets no time elapse: limits and pauses go on as if nothing had happened", async () => {
    const clock = new VirtualClock({ start: 0 });
    const fired: string[] = [];
    clock.wakeAfter(20, () => fired.push(`after 20 at ${clock.monotonicNow()}`));
    clock.wakeAt(1_000, () => fired.push(`at 1000 at ${clock.monotonicNow()}`));
    clock.set(990);
    expect(clock.monotonicNow()).toBe(0);
    await clock.advance(19);
    expect(fired).toEqual(["at 1000 at 10"]);
    clock.set(0);
    await clock.advance(1);
    expect(fired).toEqual(["at 1000 at 10", "after 20 at 20"]);
    expect([clock.now(), clock.monotonicNow()]).toEqual([1, 20]);
  });

  it("fires timers of both kinds that are due together in the order they were set", async () => {
    const clock = new VirtualClock({ start: 0 });
    const fired: string[] = [];
    clock.wakeAfter(10, () => fired.push("first"));
    clock.wakeAt(10, () => fired.push("second"));
    clock.wakeAfter(10, () => fired.push("third"));
    await clock.advance(10);
    expect(fired).toEqual(["first", "second", "third"]);
  });

  it("counts the timers that are left", async () => {
    const clock = new VirtualClock({ start: 0 });
    const cancelled = clock.wakeAt(10, () => undefined);
    clock.wakeAfter(20, () => undefined);
    clock.wakeAfter(30, () => undefined);
    cancelled.cancel();
    await clock.advance(20);
    expect(clock.pendingTimers).toBe(1);
  });
});
