import { describe, expect, it } from "@jest/globals";
import { nextCheckIn, until } from "../../src/engine-suite/until.js";

/** How often a condition is checked that does not hold for a while. */
function checksIn(whileMs: number): number {
  let checks = 0;
  for (let waited = 0; waited < whileMs; waited += nextCheckIn(waited)) checks += 1;
  return checks;
}

describe("a wait for a condition without an event", () => {
  it("notices at once what holds soon, and what takes longer at most a tenth later", () => {
    expect([0, 10, 50].map(nextCheckIn)).toEqual([5, 5, 5]);
    expect([100, 500, 1_000].map(nextCheckIn)).toEqual([10, 50, 100]);
  });

  it("is never more than a fifth of a second late", () => {
    expect([2_000, 20_000, 300_000].map(nextCheckIn)).toEqual([200, 200, 200]);
  });

  it("asks a server forty times in the first second, and five times in each from then on", () => {
    expect(checksIn(1_000)).toBe(42);
    expect(checksIn(61_000) - checksIn(31_000)).toBe(150);
  });

  it("names what it waited for when its time is over", async () => {
    const never = until(() => false, { what: "the moon", limitMs: 0 });
    await expect(never).rejects.toThrow("Waited 0 ms for the moon, which did not happen.");
  });
});
