import { beforeEach, describe, expect, it } from "@jest/globals";
import { VirtualClock } from "../../src/clock/virtual-clock.js";
import { Waits } from "../../src/clock/waits.js";

const never = new Promise<never>(() => undefined);

describe("waits that end together", () => {
  let clock: VirtualClock;
  let waits: Waits;
  let ended: string[];

  beforeEach(() => {
    clock = new VirtualClock({ start: 0 });
    waits = new Waits(clock);
    ended = [];
  });

  /** Notes when work ends, and with what. */
  const note = (name: string, work: Promise<unknown>): void => {
    const at = (): string => `${name} at ${clock.now()}`;
    work.then(
      (result) => ended.push(`${at()}: ${String(result)}`),
      (error: Error) => ended.push(`${at()}: ${error.message}`),
    );
  };

  it("end each after its own time, with one timer for all of a length", async () => {
    note("first", waits.within(100, never));
    await clock.advance(30);
    note("second", waits.within(100, never));
    note("short", waits.pause(50));
    note("third", waits.within(100, never));
    expect(clock.pendingTimers).toBe(2);
    await clock.advance(1_000);
    expect(ended).toEqual([
      "short at 80: undefined",
      "first at 100: undefined",
      "second at 130: undefined",
      "third at 130: undefined",
    ]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("give the work's result or error if that comes first, and leave no timer", async () => {
    note("done", waits.within(100, Promise.resolve("yes")));
    note("failed", waits.within(100, Promise.reject(new Error("no"))));
    await clock.settle();
    expect(ended).toEqual(["done at 0: yes", "failed at 0: no"]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("go on in time when the first of them is over before its time", async () => {
    let finish: (result: string) => void = () => undefined;
    const work = new Promise<string>((resolve) => {
      finish = resolve;
    });
    note("early", waits.within(100, work));
    await clock.advance(60);
    note("other", waits.within(100, never));
    finish("early");
    await clock.advance(99);
    expect(ended).toEqual(["early at 60: early"]);
    await clock.advance(1);
    expect(ended.at(-1)).toBe("other at 160: undefined");
  });

  it("all end when they are woken, and later ones wait again", async () => {
    note("pause", waits.pause(100));
    note("limit", waits.within(200, never));
    waits.wake();
    await clock.settle();
    expect([...ended].sort()).toEqual(["limit at 0: undefined", "pause at 0: undefined"]);
    expect(clock.pendingTimers).toBe(0);
    note("again", waits.pause(100));
    await clock.advance(99);
    expect(ended).toHaveLength(2);
    await clock.advance(1);
    expect(ended).toHaveLength(3);
  });
});
