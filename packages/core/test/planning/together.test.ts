import { describe, expect, it } from "@jest/globals";
import { Together } from "../../src/planning/together.js";

/** A line of batches, each of which the test ends or refuses. */
function aLine() {
  const handled: { elements: readonly number[]; end: () => void; refuse: (error: unknown) => void }[] = [];
  const line = new Together<number>(
    (elements) =>
      new Promise<void>((resolve, reject) => {
        handled.push({ elements, end: resolve, refuse: reject });
      }),
  );
  return { line, handled, batches: () => handled.map(({ elements }) => elements) };
}

const aTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("elements without answers", () => {
  it("are handled with those that come in the same turn, or while others are in progress", async () => {
    const { line, handled, batches } = aLine();
    const [first, second] = [line.add(1), line.add(2)];
    await aTurn();
    const [third, fourth] = [line.add(3), line.add(4)];
    await aTurn();
    expect(batches()).toEqual([[1, 2]]);
    handled[0]!.end();
    await Promise.all([first, second]);
    await aTurn();
    expect(batches()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    handled[1]!.end();
    await Promise.all([third, fourth]);
  });

  it("share the error of their batch, and the next is handled all the same", async () => {
    const { line, handled, batches } = aLine();
    const both = Promise.allSettled([line.add(1), line.add(2)]);
    await aTurn();
    const next = line.add(3);
    handled[0]!.refuse(new Error("no store"));
    expect((await both).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await aTurn();
    expect(batches()).toEqual([[1, 2], [3]]);
    handled[1]!.end();
    await next;
  });

  it("are at most 2,000 in a batch", async () => {
    const { line, handled } = aLine();
    const all = Array.from({ length: 4_001 }, (_, element) => line.add(element));
    for (const size of [2_000, 2_000, 1]) {
      await aTurn();
      expect(handled.at(-1)!.elements).toHaveLength(size);
      handled.at(-1)!.end();
    }
    await Promise.all(all);
    expect(handled.flatMap(({ elements }) => elements)).toEqual(all.map((_, element) => element));
  });
});
