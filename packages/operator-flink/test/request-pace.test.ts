import { describe, expect, it } from "@jest/globals";
import { VirtualClock } from "@tidegate/core/testing";
import fc from "fast-check";
import { RequestPace } from "../src/watch/request-pace.js";

const PER_SECOND = 6;

describe("the pace of requests", () => {
  it("lets no more than so many pass within any second, whenever they come", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(700), { maxLength: 60 }), async (gaps) => {
        const clock = new VirtualClock();
        const pace = new RequestPace(clock, PER_SECOND);
        const passed: number[] = [];
        for (const gap of gaps) {
          await clock.advance(gap);
          const waitMs = pace.take(1_000);
          if (waitMs !== undefined) passed.push(clock.now() + waitMs);
        }
        passed.forEach((at, index) => {
          const next = passed[index + PER_SECOND];
          if (next !== undefined) expect(next - at).toBeGreaterThanOrEqual(1_000);
        });
      }),
    );
  });

  it("turns away who would wait for too long, and takes no turn for them", () => {
    const clock = new VirtualClock();
    const pace = new RequestPace(clock, PER_SECOND);
    const waits = Array.from({ length: 3 * PER_SECOND }, () => pace.take(1_000));
    expect(waits).toEqual([
      ...Array(PER_SECOND).fill(0),
      ...Array(PER_SECOND).fill(1_000),
      ...Array(PER_SECOND).fill(undefined),
    ]);
    expect(pace.take(2_000)).toBe(2_000);
  });
});
