import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { EventText } from "../src/event-text.js";

const read = (...pieces: string[]) => {
  const reader = new EventText();
  return pieces.flatMap((piece) => reader.read(piece));
};

const TEXT = 'retry: 1\n\n: hb\n\nid: 3\nevent: changes\ndata: {"a":\r\ndata: 1}\r\rid:4\r\n\r\ndata\n\n';
const EVENTS = [
  { id: "", type: "", data: "" },
  { id: "", type: "", data: "" },
  { id: "3", type: "changes", data: '{"a":\n1}' },
  { id: "4", type: "", data: "" },
  { id: "4", type: "", data: "" },
];

describe("server-sent events", () => {
  it("have fields in lines, and end with an empty one", () => {
    expect(read(TEXT)).toEqual(EVENTS);
  });

  it("are the same wherever the text is cut", () => {
    const cuts = fc.array(fc.nat(TEXT.length), { maxLength: 8 });
    fc.assert(
      fc.property(cuts, (given) => {
        const at = [0, ...[...given].sort((a, b) => a - b), TEXT.length];
        expect(read(...at.slice(1).map((end, n) => TEXT.slice(at[n], end)))).toEqual(EVENTS);
      }),
    );
  });

  it("do not end before their empty line", () => {
    expect(read("id: 1\ndata: x\n")).toEqual([]);
  });
});
