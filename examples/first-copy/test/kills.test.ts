import { describe, expect, it } from "@jest/globals";
import { copiedRows } from "../src/copied.js";
import { Stage } from "./stage.js";

/** How often managers are killed: 1,000 take some minutes. */
const KILLS = Number(process.env.TIDEGATE_KILLS ?? 20);

/** Most seconds in which a copy's managers are killed: the first copy, the hand-over, and the first increments. */
const SECONDS = 6;

const upTo = (most: number): number => 1 + Math.floor(Math.random() * most);

describe("a first copy and its increments", () => {
  it(`lose no row and double none, wherever their managers are killed ${KILLS} times`, async () => {
    let kills = 0;
    while (kills < KILLS) {
      const stage = new Stage({ records: upTo(6), maxRuns: upTo(4) });
      try {
        stage.shop.sell(upTo(40));
        for (let second = 0; second < SECONDS && kills + stage.deaths < KILLS; second += 1) {
          const kill = { atChange: upTo(6), isMade: Math.random() < 0.5 };
          await stage.play({ orders: upTo(12), kill });
        }
        expect(await stage.finish()).toBe(true);
        expect(await copiedRows(stage.copy)).toEqual(stage.shop.rows());
        kills += stage.deaths;
      } finally {
        await stage.dispose();
      }
    }
  }, 3_600_000);
});
