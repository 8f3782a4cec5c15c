import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  compareOffsets,
  isEmptyRange,
  type OffsetVector,
  offsetsOf,
  offsetText,
  type PositionOrder,
} from "../../src/offset/offset-vector.js";

/** Whole numbers of any size. */
const order: PositionOrder = {
  compare: (_, a, b) => (BigInt(a) === BigInt(b) ? 0 : BigInt(a) < BigInt(b) ? -1 : 1),
};

const vectors = fc.dictionary(
  fc.oneof(fc.constantFrom("0", "10", "9", "constructor", "__proto__"), fc.string()),
  fc.bigInt({ min: 0n, max: 2n ** 64n }).map(String),
);

describe("the text of a vector", () => {
  it("is the same for equal vectors, however they were made", () => {
    expect(offsetText({ b: "2", a: "1", "10": "4", "9": "3" })).toBe('{"10":"4","9":"3","a":"1","b":"2"}');
    fc.assert(
      fc.property(vectors, (vector) => {
        const reversed = Object.fromEntries(Object.entries(vector).reverse());
        expect(offsetText(reversed)).toBe(offsetText(vector));
      }),
    );
  });

  it("is JSON, and read as it was", () => {
    fc.assert(
      fc.property(vectors, (vector) => {
        expect(Object.entries(offsetsOf(offsetText(vector))!).sort()).toEqual(Object.entries(vector).sort());
      }),
    );
  });

  it.each(["", "7", "null", "[]", '["1"]', '{"0":1}', '{"0":null}', '{"0":{"1":"2"}}', "beginning"])(
    "%j is no text of a vector",
    (text) => {
      expect(offsetsOf(text)).toBeUndefined();
    },
  );
});

describe("vectors", () => {
  it.each<[OffsetVector, OffsetVector, string]>([
    [{}, {}, "equal"],
    [{ "0": "7" }, { "0": "7" }, "equal"],
    [{ "0": "9" }, { "0": "10" }, "before"],
    [{ "0": "9007199254740993" }, { "0": "9007199254740992" }, "after"],
    [{ "0": "9", "1": "5" }, { "0": "10", "1": "5" }, "before"],
    [{ "0": "9", "1": "6" }, { "0": "10", "1": "5" }, "apart"],
    [{ "0": "9" }, { "0": "9", "1": "0" }, "before"],
    [{ "0": "9" }, { "1": "9" }, "apart"],
    [{ "0": "9" }, { "0": "9", constructor: "0" }, "before"],
  ])("%j and %j are %s", (a, b, relation) => {
    expect(compareOffsets(order, a, b)).toBe(relation);
    const mirrored = { equal: "equal", before: "after", after: "before", apart: "apart" }[relation];
    expect(compareOffsets(order, b, a)).toBe(mirrored);
  });

  it.each<[OffsetVector, OffsetVector, boolean]>([
    [{}, {}, true],
    [{ "0": "7" }, { "0": "7" }, true],
    [{ "0": "8" }, { "0": "7" }, true],
    [{ "0": "7" }, { "0": "8" }, false],
    [{ "0": "7", "1": "1" }, { "0": "7", "1": "2" }, false],
    [{ "0": "7" }, { "0": "7", "1": "0" }, false],
    [{ "0": "7", "1": "0" }, { "0": "7" }, true],
  ])("the range from %j to %j is empty: %s", (lower, upper, isEmpty) => {
    expect(isEmptyRange(order, { lower, upper })).toBe(isEmpty);
  });
});
