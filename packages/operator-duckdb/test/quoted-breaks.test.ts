import { describe, expect, it } from "@jest/globals";
import { mayHoldBreaks } from "../src/prepare/quoted-breaks.js";

const FIELDS = { delimiter: ",", quote: '"', escape: '"' };

/** The bytes of a text, one at a time, so that each place is the end of a chunk. */
async function* bytesOf(text: string): AsyncGenerator<Buffer> {
  for (const byte of Buffer.from(text)) yield Buffer.of(byte);
}

describe("a text has no line end in quotes for certain", () => {
  it.each([
    ["without quotes", "a,b\nc,d\r\n", {}],
    ["with quotes around fields", '"a","b"\r\n"c", "d" ,e\n""\n"",""', {}],
    ["with doubled quotes", '"a ""b""","""",c\n"d"\n', {}],
    ["of a delimiter of several bytes, without quotes", "a§b\n", { delimiter: "§" }],
    ["of a dialect without quotes", 'a,"b\nc"\n', { quote: "", escape: "" }],
  ])("%s", async (_, text, fields) => {
    expect(await mayHoldBreaks(bytesOf(text), { ...FIELDS, ...fields })).toBe(false);
  });

  it.each([
    ["not if a value holds one", '"a","b\nc"\n', {}],
    ["not if a value holds a carriage return", 'a, "b\rc"\n', {}],
    ["not behind a doubled quote", '"a""\n"\n', {}],
    ["not if a quote opens no field", 'a"b,"c\n",d"e\n', {}],
    ["not with quotes and a delimiter of several bytes", '"a"§b\n', { delimiter: "§" }],
    ["not with quotes and another escape", '"a\\"b",c\n', { escape: "\\" }],
  ])("%s", async (_, text, fields) => {
    expect(await mayHoldBreaks(bytesOf(text), { ...FIELDS, ...fields })).toBe(true);
  });
});
