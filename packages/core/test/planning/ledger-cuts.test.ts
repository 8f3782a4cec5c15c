import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { LedgerCuts } from "../../src/planning/ledger-cuts.js";
import { Grid } from "../../src/schedule/grid.js";
import type { ScheduleSpec } from "../../src/schedule/schedule.js";
import { HOUR, T0 } from "../support/instants.js";
import { hourly, specOf } from "../support/schedules.js";

const spec = fc
  .record({
    every: fc.constantFrom(1, 3, 8),
    anchor: fc.integer({ min: -8, max: 8 }),
    timezone: fc.constantFrom("UTC", "Europe/Berlin", "Asia/Kathmandu"),
    unit: fc.constantFrom("hour" as const, "day" as const),
    fireAt: fc.constantFrom("interval-end" as const, "interval-start" as const),
    delayHours: fc.constantFrom(0, 0, 1, 30),
    endsAfter: fc.constantFrom(null, null, 50.5),
  })
  .map(
    ({ every, anchor, timezone, unit, fireAt, delayHours, endsAfter }): ScheduleSpec =>
      specOf(
        hourly("orders", {
          trigger: { type: "period", every, unit, anchor: T0 + anchor * HOUR },
          timezone,
          fireAt,
          delayMs: delayHours * HOUR,
          ...(endsAfter === null ? {} : { endTime: T0 + endsAfter * HOUR }),
        }),
      ),
  );

interface Tile {
  readonly lower: number;
  readonly upper: number;
  readonly dueAt: number;
}

/** A ledger as it grows: each version plans so many intervals, unless it has ended, and the last one many. */
function grown(counts: readonly (readonly [ScheduleSpec, number])[]): {
  readonly versions: { spec: ScheduleSpec; since: number }[];
  readonly tiles: Tile[];
} {
  const tiles: Tile[] = [];
  const versions: { spec: ScheduleSpec; since: number }[] = [];
  let watermark = T0;
  for (const [index, [each, count]] of counts.entries()) {
    versions.push({ spec: each, since: watermark });
    const grid = new Grid(each);
    for (let n = 0; n < (index === counts.length - 1 ? 40 : count); n += 1) {
      const next = grid.next(watermark);
      if (next === undefined) break;
      tiles.push({ lower: next.lower, upper: next.upper, dueAt: grid.fireAt(next) });
      watermark = next.upper;
    }
  }
  return { versions, tiles };
}

describe("the cuts of a ledger", () => {
  it("are those by which each version of its schedule has planned", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(spec, fc.integer({ min: 0, max: 6 })), { minLength: 1, maxLength: 4 }),
        fc.nat(400),
        (counts, quarters) => {
          const { versions, tiles } = grown(counts);
          const last = tiles.at(-1);
          if (last === undefined) return;
          const cuts = new LedgerCuts({ spec: versions.at(-1)!.spec, origin: T0 }, versions);
          const hole = { lower: T0, upper: last.upper };
          const bounds = ({ lower, upper }: Pick<Tile, "lower" | "upper">) => [lower, upper];
          expect([...cuts.intervalsOf(hole)].map(bounds)).toEqual(tiles.map(bounds));
          expect(cuts.countOf(hole)).toBe(tiles.length);
          for (const tile of tiles) expect(cuts.next(tile.lower)).toMatchObject(tile);
          const instant = T0 + (quarters * HOUR) / 4;
          if (instant >= last.upper) return;
          const within = tiles.find(({ lower, upper }) => lower <= instant && instant < upper)!;
          expect(cuts.notAfter(instant)).toBe(within.lower);
          expect(cuts.notBefore(instant)).toBe(within.lower === instant ? instant : within.upper);
          const due = tiles.findLast(({ dueAt }) => dueAt <= instant)?.upper;
          if (due !== undefined) expect(cuts.dueUpTo(instant)).toBe(due);
        },
      ),
    );
  });
});
