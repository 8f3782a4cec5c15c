import { beforeEach, describe, expect, it } from "@jest/globals";
import { VirtualClock } from "../../src/clock/virtual-clock.js";
import { PlanLine } from "../../src/planning/plan-line.js";
import { SECOND } from "../support/instants.js";

const LONGEST = 5 * SECOND;

describe("groups that wait for room to be planned", () => {
  let clock: VirtualClock;
  let room: number;
  let planned: string[];
  let line: PlanLine;

  beforeEach(() => {
    clock = new VirtualClock({ start: 0 });
    room = 0;
    planned = [];
    line = new PlanLine({
      clock,
      longestMs: LONGEST,
      room: () => room,
      plan: async (groupIds) => {
        planned.push(...groupIds);
        room = Math.max(0, room - groupIds.length);
      },
    });
  });

  const groups = (from: number, count: number): string[] =>
    Array.from({ length: count }, (_, index) => `group-${from + index}`);

  /** Lets time pass at the beginning of which there is room for so many. */
  const pass = async (places: number, ms: number): Promise<void> => {
    room = places;
    line.wake(0);
    await clock.settle();
    room = 0;
    await clock.advance(ms);
  };

  it("are planned in their order when there is room", async () => {
    line.add(groups(0, 10));
    await pass(4, SECOND);
    expect(planned).toEqual(groups(0, 4));
    await pass(3, SECOND);
    expect(planned).toEqual(groups(0, 7));
  });

  it("are planned without room if none has come for the longest wait", async () => {
    line.add(groups(0, 10));
    await clock.advance(LONGEST - 1);
    expect(planned).toEqual([]);
    await clock.advance(1);
    expect(planned).toEqual(groups(0, 10));
  });

  it("are planned without room after the longest wait if their turn is far away", async () => {
    line.add(groups(0, 1_000));
    for (let passed = 0; passed < LONGEST; passed += SECOND) await pass(2, SECOND);
    expect(planned).toHaveLength(1_000);
  });

  it("wait for their turn while the line moves fast, and no longer than the others once it stands still", async () => {
    line.add(groups(0, 1_000));
    for (let passed = 0; passed < 10 * SECOND; passed += SECOND / 2) await pass(45, SECOND / 2);
    expect(planned).toEqual(groups(0, 900));
    line.add(groups(1_000, 400));
    await clock.advance(SECOND);
    expect(planned).toEqual(groups(0, 1_000));
    await clock.advance(LONGEST - SECOND);
    expect(planned).toEqual(groups(0, 1_400));
  });

  it("wait three times as long at the most, however fast the line moves", async () => {
    line.add(groups(0, 1_000));
    for (let passed = 0; passed < 14 * SECOND; passed += SECOND / 2) await pass(34, SECOND / 2);
    expect(planned).toEqual(groups(0, 952));
    line.add(groups(1_000, 10));
    for (let passed = 0; passed < 2 * SECOND; passed += SECOND / 2) await pass(1, SECOND / 2);
    expect(planned.slice(0, 1_000)).toEqual(groups(0, 1_000));
  });
});
