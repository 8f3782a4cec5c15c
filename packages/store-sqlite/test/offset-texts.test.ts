import { describe, expect, it } from "@jest/globals";
import type { OffsetWatermark } from "@tidegate/core";
import { OffsetTexts } from "../src/offset-texts.js";

/** Partitions of all kinds, one of them named as a member of every object is. */
const vector = (position: string) =>
  JSON.parse(`{"0":"${position}","a \\"b\\"":"é\\n","__proto__":"${position}","10":""}`);

describe("positions as JSON", () => {
  it("are those of a run, also if several runs share an end", () => {
    const texts = new OffsetTexts();
    const [first, second, third] = [vector("1"), vector("2"), vector("3")];
    for (const [lower, upper] of [
      [first, second],
      [second, third],
      [third, third],
    ]) {
      const offsets = { incarnation: 'life "1"', epoch: 2, lower, upper };
      expect(JSON.parse(texts.ofRun(offsets))).toEqual(JSON.parse(JSON.stringify(offsets)));
    }
  });

  it("are those of a watermark, with every field that it has", () => {
    const [origin, position, latest] = [vector("1"), vector("2"), vector("3")];
    const least = { incarnation: "first", epoch: 1, origin, position, latest, lookedAt: 5, rebase: null };
    const rebase = { at: 4, note: "restored", incarnation: null, position };
    const all: OffsetWatermark = {
      ...least,
      rebase,
      needsSnapshot: true,
      emptyTicks: 3,
      dataAt: 2,
      batchSince: 1,
      headroomMs: 7,
      expiry: [{ at: 1, earliest: origin }],
      growth: [{ at: 1, written: "12" }],
    };
    for (const offsets of [least, { ...least, latest: position }, all])
      expect(JSON.parse(new OffsetTexts().ofWatermark(offsets))).toEqual(JSON.parse(JSON.stringify(offsets)));
  });

  it("leave out what is undefined", () => {
    const least = {
      incarnation: "first",
      epoch: 1,
      origin: {},
      position: {},
      latest: {},
      lookedAt: 5,
      rebase: null,
    };
    const offsets = { ...least, headroomMs: undefined } as unknown as OffsetWatermark;
    expect(JSON.parse(new OffsetTexts().ofWatermark(offsets))).toEqual(least);
  });
});
