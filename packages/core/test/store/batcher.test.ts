import { describe, expect, it } from "@jest/globals";
import { Batcher, type BatcherOptions } from "../../src/store/batcher.js";

/** What is sent, and a way to answer it. */
function aLine(options?: BatcherOptions) {
  const sent: { batch: readonly number[]; answer: () => void; refuse: (error: unknown) => void }[] = [];
  const send = (batch: readonly number[]) =>
    new Promise<string[]>((resolve, reject) => {
      sent.push({ batch, answer: () => resolve(batch.map(String)), refuse: reject });
    });
  return { line: new Batcher(send, options), sent, batches: () => sent.map(({ batch }) => batch) };
}

const aTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("elements that go together", () => {
  it("are those that came while others were on their way, and each gets its own answers", async () => {
    const { line, sent, batches } = aLine();
    const all = [line.add([1, 2]), line.add([3]), line.add([4, 5])];
    expect(batches()).toEqual([[1, 2]]);
    sent[0]!.answer();
    await aTurn();
    expect(batches()).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
    sent[1]!.answer();
    expect(await Promise.all(all)).toEqual([["1", "2"], ["3"], ["4", "5"]]);
  });

  it("are also those that come while the first is waited with", async () => {
    const { line, sent, batches } = aLine({ gathered: aTurn });
    const all = [line.add([1]), line.add([2])];
    expect(batches()).toEqual([]);
    await aTurn();
    expect(batches()).toEqual([[1, 2]]);
    sent[0]!.answer();
    expect(await Promise.all(all)).toEqual([["1"], ["2"]]);
  });

  it("are sent one by one where they were refused together, so that only the one at fault fails", async () => {
    const { line, sent, batches } = aLine({ gathered: aTurn });
    const all = Promise.allSettled([line.add([1]), line.add([2])]);
    await aTurn();
    sent[0]!.refuse(new Error("together"));
    await aTurn();
    sent[1]!.refuse(new Error("alone"));
    await aTurn();
    sent[2]!.answer();
    expect(await all).toEqual([
      { status: "rejected", reason: new Error("alone") },
      { status: "fulfilled", value: ["2"] },
    ]);
    expect(batches()).toEqual([[1, 2], [1], [2]]);
  });

  it("are refused together where the error is nobody's own", async () => {
    const { line, sent, batches } = aLine({ gathered: aTurn, isOfOne: () => false });
    const all = Promise.allSettled([line.add([1]), line.add([2])]);
    await aTurn();
    sent[0]!.refuse(new Error("away"));
    const refused = { status: "rejected", reason: new Error("away") };
    expect(await all).toEqual([refused, refused]);
    expect(batches()).toEqual([[1, 2]]);
  });

  it("are 2,000 at the most, unless they came as one", async () => {
    const { line, sent } = aLine();
    const many = (count: number) => Array.from({ length: count }, (_, index) => index);
    const all = [line.add([0]), line.add(many(1_500)), line.add(many(501)), line.add(many(3_000))];
    for (let index = 0; index < all.length; index += 1) {
      sent[index]!.answer();
      await aTurn();
    }
    expect(sent.map(({ batch }) => batch.length)).toEqual([1, 1_500, 501, 3_000]);
    expect((await Promise.all(all)).map(({ length }) => length)).toEqual([1, 1_500, 501, 3_000]);
    await line.settled();
  });

  it("are not sent where there are none", async () => {
    const { line, sent } = aLine();
    expect(await line.add([])).toEqual([]);
    expect(sent).toEqual([]);
  });
});
