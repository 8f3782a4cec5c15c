import * as zlib from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { ZstdFrames } from "../src/prepare/zstd-frames.js";
import { Bed, HOUR } from "./bed.js";

const START = Date.UTC(2026, 0, 1);
const FULL = { lower: START, upper: START + HOUR, mode: "full" } as const;
const ROWS = 2_000;
const CSV = [
  "id,note",
  ...Array.from({ length: ROWS }, (_, id) => `${id},note ${(id * 7_919) % 1_000}`),
  "",
].join("\n");
const CHECKED = zlib.zstdCompressSync(CSV, { params: { [zlib.constants.ZSTD_c_checksumFlag]: 1 } });
const UNCHECKED = zlib.zstdCompressSync(CSV);
/** A frame of six bytes that hold no data (RFC 8878, section 3.1.2). */
const SKIPPABLE = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 6, 0, 0, 0, 1, 2, 3, 4, 5, 6]);

function halves(compress: (text: string) => Buffer): Buffer {
  const middle = CSV.indexOf("\n", CSV.length / 2) + 1;
  return Buffer.concat([compress(CSV.slice(0, middle)), compress(CSV.slice(middle))]);
}

describe("a Zstandard file", () => {
  let bed: Bed;
  beforeEach(() => {
    bed = new Bed();
  });
  afterEach(() => bed.dispose());

  function run(content: Uint8Array) {
    const path = bed.write("in.csv.zst", content);
    const source = { format: "csv", path, columns: { id: "INTEGER", note: "VARCHAR" } };
    return bed.run({ job: { source, target: { path: bed.target } }, ...FULL });
  }

  it.each<[string, Buffer]>([
    ["a checksum", CHECKED],
    ["no checksum", UNCHECKED],
    ["two frames", halves((text) => zlib.zstdCompressSync(text))],
    ["a frame to skip before its data", Buffer.concat([SKIPPABLE, CHECKED])],
    ["a frame to skip behind its data", Buffer.concat([CHECKED, SKIPPABLE])],
  ])("may have %s", async (_, content) => {
    expect(await run(content)).toMatchObject({ state: "SUCCEEDED", metrics: { rowsWritten: ROWS } });
    expect(await bed.rows("sum(id)::BIGINT AS ids")).toEqual([{ ids: String((ROWS * (ROWS - 1)) / 2) }]);
  });

  it.each([0, 3, 4, 5, 20, 0.5, 0.9, -5, -4, -1])("fails for now when it is cut at %d", async (at) => {
    const length = Number.isInteger(at) ? at : Math.floor(CHECKED.length * at);
    for (const whole of [CHECKED, UNCHECKED]) {
      expect(await run(whole.subarray(0, length < 0 ? whole.length + length : length))).toMatchObject({
        state: "FAILED",
        isRetryable: true,
        error: { code: "JOB_FAILED", message: expect.stringContaining("in.csv.zst ends too early") },
      });
    }
    expect(bed.files()).toEqual([]);
  });

  it("fails for now when its last frame is cut", async () => {
    const cut = Buffer.concat([CHECKED, CHECKED.subarray(0, CHECKED.length / 2)]);
    expect(await run(cut)).toMatchObject({ state: "FAILED", isRetryable: true });
  });

  it.each<[string, Buffer]>([
    ["a byte is flipped", flipped(CHECKED, CHECKED.length / 2)],
    ["its checksum is another one", flipped(CHECKED, CHECKED.length - 1)],
    ["other data follows", Buffer.concat([CHECKED, Buffer.from("garbage")])],
    ["it is text", Buffer.from(CSV)],
  ])("fails for good with its name when %s", async (_, content) => {
    expect(await run(content)).toMatchObject({
      state: "FAILED",
      isRetryable: false,
      error: { code: "JOB_FAILED", message: expect.stringContaining("in.csv.zst is damaged") },
    });
    expect(bed.files()).toEqual([]);
  });
});

describe("the frames of Zstandard data", () => {
  const DATA = Buffer.concat([SKIPPABLE, CHECKED, UNCHECKED]);
  const ENDS = [SKIPPABLE.length, SKIPPABLE.length + CHECKED.length, DATA.length];

  it.each([1, 2, 3, 7, 1_000, DATA.length])("are found in chunks of %d bytes", (size) => {
    const frames = new ZstdFrames();
    const ends: number[] = [];
    let at = 0;
    while (at < DATA.length) {
      const end = frames.advance(DATA.subarray(at, at + size));
      at = Math.min(DATA.length, at + (end ?? size));
      if (end !== undefined) ends.push(at);
    }
    expect(ends).toEqual(ENDS);
    expect(frames.isComplete).toBe(true);
  });

  it("are complete only where one ends, wherever the data is cut", () => {
    for (let cut = 1; cut < CHECKED.length; cut += 1) {
      const frames = new ZstdFrames();
      frames.advance(CHECKED.subarray(0, cut));
      expect(frames.isComplete).toBe(false);
    }
  });
});

function flipped(data: Buffer, at: number): Buffer {
  const copy = Buffer.from(data);
  copy[Math.floor(at)]! ^= 1;
  return copy;
}
